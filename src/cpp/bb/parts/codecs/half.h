// Two bytes per value: what fp16 and bf16 share.
#pragma once

#include "bb/parts/codecs/formats.h"

namespace bb::coding {

using Narrow = uint32_t (*)(const float* x, size_t n, void* y);

/// Writes n halves by `narrow`; the kernel also tells whether all values were finite.
Written write_halves(Narrow narrow, const float* x, size_t n, std::byte* out);
/// Whole results that nobody reads at once go past the caches from here on.
inline constexpr size_t kStreamFloats = size_t{1} << 21;

}  // namespace bb::coding
