// block_q8: signed bytes with one scale per small block.
#include "bb/parts/codecs/quantized.h"

namespace bb::coding {

Part<Codec> part_block_q8() {
  Descriptor info;
  info.name = "block_q8";
  info.summary = "Signed bytes with one scale per block: an outlier spoils its block only.";
  info.formula = "s = max|x| / 127 rounded up to the stored scale, q = round(x / s), ties to even";
  info.paper = "Dettmers et al.: 8-bit Optimizers via Block-wise Quantization, ICLR 2022";
  Param block = block_param(64, "values per scale");
  block.min = 1;
  info.params = {block,
                 {.name = "scale",
                  .type = ParamType::kString,
                  .fallback = "bf16",
                  .doc = "how scales are stored: 2 bytes (bf16, rounded up) or 4 (f32)",
                  .choices = {"bf16", "f32"}}};
  info.cost = "1 byte per value and 2 (bf16) or 4 bytes per block";
  info.properties = {"dense"};
  info.extra["error_bound"] = "s / 2 per block (and 2^-14 s of rounding)";
  return coder_part(
      std::move(info), true, [](const Config& params) -> Result<std::shared_ptr<const Coder>> {
        const kernels::QuantizeForm form{.short_scale = params.get("scale").as_string() == "bf16"};
        return quantized_coder(kBlockQ8, form, static_cast<size_t>(params.get("block").as_int()));
      });
}

}  // namespace bb::coding
