// A bounded reader of untrusted bytes: every read is checked, nothing is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bb {

/// Walks a byte string from front to back; a read beyond the end gives nothing and moves nothing.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  size_t left() const { return rest_.size(); }

  /// The next `size` bytes.
  std::optional<std::string_view> take(uint64_t size) {
    if (size > rest_.size()) return std::nullopt;
    const std::string_view out = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(out.size());
    return out;
  }

  /// An unsigned LEB128 number of at most 64 bits.
  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (size_t i = 0; i < kMaxVarintBytes && i < rest_.size(); ++i) {
      const auto byte = static_cast<uint8_t>(rest_[i]);
      if (i == kMaxVarintBytes - 1 && byte > 1) return std::nullopt;  // beyond 64 bits
      value |= uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kMaxVarintBytes = 10;
  std::string_view rest_;
};

/// Bytes that varint() reads for `value`.
constexpr size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

}  // namespace bb
