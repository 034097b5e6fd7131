// The codec table of one instruction set.
#include "bb/kernels/isa/codec.h"

namespace bb::kernels::BB_KERNEL_ISA {

extern const CodecKernels codec_kernels;
const CodecKernels codec_kernels = {.abs_max_bits = codec_abs_max_bits,
                                    .range = codec_range,
                                    .scale_of = codec_scale_of,
                                    .quantize = codec_quantize,
                                    .quantize_with = codec_quantize_with,
                                    .dequantize = codec_dequantize,
                                    .to_f16 = codec_to_f16,
                                    .from_f16 = codec_from_f16,
                                    .to_bf16 = codec_to_bf16,
                                    .from_bf16 = codec_from_bf16,
                                    .pack_signs = codec_pack_signs,
                                    .unpack_signs = codec_unpack_signs,
                                    .sum_abs = codec_sum_abs,
                                    .sum_squares = codec_sum_squares,
                                    .above = codec_above,
                                    .philox_words = codec_philox_words};

}  // namespace bb::kernels::BB_KERNEL_ISA
