// Blocks of small integers with a scale: what int8, int4 and block_q8 share.
#pragma once

#include "bb/parts/codecs/formats.h"

namespace bb::coding {

/// A Coder for one form; `block` 0 means one scale for the whole vector.
std::shared_ptr<const Coder> quantized_coder(uint8_t id, kernels::QuantizeForm form, size_t block);
/// Errors: ConfigError bad_parameter when 4-bit codes of a block would not fill whole bytes.
Status check_even(const std::string& name, int64_t block);
Param symmetric_param(bool fallback);

}  // namespace bb::coding
