// int8: 8-bit integers with a scale per vector or per block.
#include "bb/parts/codecs/quantized.h"

namespace bb::coding {

Part<Codec> part_int8() {
  Descriptor info;
  info.name = "int8";
  info.summary = "8-bit integers with one scale for the vector or one per block.";
  info.formula =
      "symmetric: s = max|x| / 127, q = round(x / s); affine: s = (max - min) / 255, "
      "q = round((x - min) / s); ties to even";
  info.paper = "Jacob et al.: Quantization and Training of Neural Networks, CVPR 2018";
  info.params = {block_param(0, "values per scale; 0 gives the whole vector one scale"),
                 symmetric_param(false)};
  info.cost = "1 byte per value, and 4 (symmetric) or 8 bytes per block";
  info.properties = {"dense"};
  info.extra["error_bound"] = "half a step, s / 2, and rounding";
  return coder_part(
      std::move(info), true, [](const Config& params) -> Result<std::shared_ptr<const Coder>> {
        const int64_t block = params.get("block").as_int();
        const kernels::QuantizeForm form{.bits = 8, .affine = !params.get("symmetric").as_bool()};
        return quantized_coder(kInt8, form, static_cast<size_t>(block));
      });
}

}  // namespace bb::coding
