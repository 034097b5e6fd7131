// int4: 4-bit integers with a scale per vector or per block.
#include "bb/parts/codecs/quantized.h"

namespace bb::coding {

Part<Codec> part_int4() {
  Descriptor info;
  info.name = "int4";
  info.summary = "4-bit integers with one scale for the vector or one per block.";
  info.formula =
      "symmetric: s = max|x| / 7, q = round(x / s); affine: s = (max - min) / 15, "
      "q = round((x - min) / s); ties to even";
  info.paper = "Jacob et al.: Quantization and Training of Neural Networks, CVPR 2018";
  info.params = {block_param(0, "values per scale; 0 gives the whole vector one scale"),
                 symmetric_param(false)};
  info.cost = "half a byte per value, and 4 (symmetric) or 8 bytes per block";
  info.properties = {"dense"};
  info.extra["error_bound"] = "half a step, s / 2, and rounding";
  return coder_part(
      std::move(info), true, [](const Config& params) -> Result<std::shared_ptr<const Coder>> {
        const int64_t block = params.get("block").as_int();
        BB_RETURN_IF_ERROR(check_even("int4", block));
        const kernels::QuantizeForm form{.bits = 4, .affine = !params.get("symmetric").as_bool()};
        return quantized_coder(kInt4, form, static_cast<size_t>(block));
      });
}

}  // namespace bb::coding
