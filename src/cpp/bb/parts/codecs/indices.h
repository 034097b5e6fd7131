// Ascending indices below a count as bytes: gaps as varints, gaps of fixed width, or a bitmap.
#pragma once

#include "bb/parts/codecs/formats.h"

namespace bb::coding {

enum class IndexMode : uint8_t { kVarint = 0, kPacked = 1, kBitmap = 2, kSmallest = 255 };

size_t index_bound(size_t n, size_t k);
/// Mode byte and indices; kSmallest takes the shortest, the first of equals. Returns the size.
size_t put_indices(IndexMode mode, const std::vector<uint32_t>& indices, size_t n, std::byte* out);
/// The bytes of an index section with exactly k indices below n, after the mode byte. Moves `in`
/// behind it. Errors: codec_malformed, codec_bad_index.
Result<std::string_view> take_indices(ByteReader& in, uint64_t n, uint64_t k, IndexMode& mode);
/// Calls f(index) for the k indices of a checked section.
void each_index(IndexMode mode, std::string_view bytes, size_t k,
                const std::function<void(size_t)>& f);

}  // namespace bb::coding
