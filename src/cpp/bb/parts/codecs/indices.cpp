// Writing and reading ascending indices; a gap is index - previous - 1, so none can repeat.
#include "bb/parts/codecs/indices.h"

#include <bit>
#include <cstring>

namespace bb::coding {
namespace {

Error bad_index(uint64_t value) {
  return make_error(Fault::kPeer, "codec_bad_index", "an index is outside the vector",
                    std::to_string(value), "indices must be below the count of values");
}

template <class F>
void each_gap(const std::vector<uint32_t>& indices, F f) {
  uint32_t next = 0;
  for (const uint32_t index : indices) {
    f(index - next);
    next = index + 1;
  }
}

uint64_t packed_size(uint64_t k, uint64_t bits) { return (k * bits + 7) / 8; }

/// Reads numbers of `bits` bits, lowest bits first.
struct BitReader {
  std::string_view bytes;
  size_t bits;
  size_t at = 0;
  uint64_t held = 0;
  size_t filled = 0;

  uint64_t next() {
    for (; filled < bits; filled += 8)
      held |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at++])) << filled;
    const uint64_t out = held & ((uint64_t{1} << bits) - 1);
    held >>= bits;
    filled -= bits;
    return out;
  }
};

/// Adds a gap to the running position; false when the index is not below n.
bool step(uint64_t gap, uint64_t n, uint64_t& next) {
  if (gap >= n - next) return false;
  next += gap + 1;
  return true;
}

Status check_bitmap(std::string_view bytes, uint64_t n, uint64_t k) {
  uint64_t set = 0;
  for (const char byte : bytes)
    set += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(byte)));
  if (n % 8 != 0 && static_cast<uint8_t>(bytes.back()) >> (n % 8) != 0) return bad_index(n);
  if (set != k) return malformed("the bitmap has another number of bits", std::to_string(set));
  return {};
}

}  // namespace

size_t index_bound(size_t n, size_t k) { return 2 + std::max((n + 7) / 8, 5 * k); }

size_t put_indices(IndexMode mode, const std::vector<uint32_t>& indices, size_t n, std::byte* out) {
  size_t varints = 0;
  uint32_t widest = 0;
  each_gap(indices, [&](uint32_t gap) {
    varints += varint_size(gap);
    widest = std::max(widest, gap);
  });
  const auto bits = static_cast<size_t>(std::bit_width(widest));
  const size_t packed = 1 + packed_size(indices.size(), bits);
  const size_t bitmap = (n + 7) / 8;
  if (mode == IndexMode::kSmallest)
    mode = varints <= packed && varints <= bitmap ? IndexMode::kVarint
           : packed <= bitmap                     ? IndexMode::kPacked
                                                  : IndexMode::kBitmap;
  out[0] = std::byte(mode);
  if (mode == IndexMode::kVarint) {
    size_t used = 1;
    each_gap(indices, [&](uint32_t gap) { used += put_varint(gap, out + used); });
    return used;
  }
  if (mode == IndexMode::kBitmap) {
    std::memset(out + 1, 0, bitmap);
    for (const uint32_t index : indices) out[1 + index / 8] |= std::byte(1U << (index % 8));
    return 1 + bitmap;
  }
  out[1] = std::byte(bits);
  std::byte* next = out + 2;
  uint64_t held = 0;
  size_t filled = 0;
  each_gap(indices, [&](uint32_t gap) {
    held |= uint64_t{gap} << filled;
    for (filled += bits; filled >= 8; filled -= 8, held >>= 8) *next++ = std::byte(held & 0xFF);
  });
  if (filled > 0) *next = std::byte(held);
  return 1 + packed;
}

Result<std::string_view> take_indices(ByteReader& in, uint64_t n, uint64_t k, IndexMode& mode) {
  const auto first = in.take(1);
  if (!first || static_cast<uint8_t>((*first)[0]) > 2)
    return malformed("the index section has no known mode", "");
  mode = static_cast<IndexMode>((*first)[0]);
  uint64_t next = 0;
  if (mode == IndexMode::kVarint) {
    const ByteReader start = in;
    if (k > in.left()) return malformed("the indices are cut short", std::to_string(k));
    for (uint64_t i = 0; i < k; ++i) {
      const auto gap = in.varint();
      if (!gap) return malformed("the indices are cut short", std::to_string(k));
      if (!step(*gap, n, next)) return bad_index(*gap);
    }
    ByteReader again = start;
    return *again.take(start.left() - in.left());
  }
  if (mode == IndexMode::kBitmap) {
    const auto bytes = in.take(n / 8 + (n % 8 != 0 ? 1 : 0));
    if (!bytes) return malformed("the bitmap is cut short", std::to_string(n));
    BB_RETURN_IF_ERROR(check_bitmap(*bytes, n, k));
    return *bytes;
  }
  const auto width = in.take(1);
  const uint64_t bits = width ? static_cast<uint8_t>((*width)[0]) : 33;
  if (bits > 32 || k > n) return malformed("the indices have no legal width", std::to_string(bits));
  if (bits == 0) return k <= n ? Result<std::string_view>(*width) : bad_index(k);
  if (k > in.left() * 8) return malformed("the indices are cut short", std::to_string(k));
  const auto bytes = in.take(packed_size(k, bits));
  if (!bytes) return malformed("the indices are cut short", std::to_string(k));
  BitReader reader{*bytes, static_cast<size_t>(bits)};
  for (uint64_t i = 0; i < k; ++i) {
    const uint64_t gap = reader.next();
    if (!step(gap, n, next)) return bad_index(gap);
  }
  return std::string_view(width->data(), 1 + bytes->size());
}

void each_index(IndexMode mode, std::string_view bytes, size_t k,
                const std::function<void(size_t)>& f) {
  size_t next = 0;
  if (mode == IndexMode::kBitmap) {
    for (size_t i = 0; i < bytes.size(); ++i)
      for (unsigned byte = static_cast<uint8_t>(bytes[i]); byte != 0; byte &= byte - 1)
        f(8 * i + static_cast<size_t>(std::countr_zero(byte)));
    return;
  }
  ByteReader in(bytes);
  BitReader packed{bytes, 0};
  if (mode == IndexMode::kPacked)
    packed = {bytes.substr(1), static_cast<size_t>(static_cast<uint8_t>(bytes[0]))};
  for (size_t i = 0; i < k; ++i) {
    const auto gap = static_cast<size_t>(mode == IndexMode::kVarint ? *in.varint() : packed.next());
    f(next + gap);
    next += gap + 1;
  }
}

}  // namespace bb::coding
