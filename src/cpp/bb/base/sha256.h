// SHA-256 (FIPS 180-4): digests of artifacts, configurations and runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bb {

using Digest = std::array<uint8_t, 32>;

/// Incremental SHA-256.
class Sha256 {
 public:
  Sha256();
  void update(const void* data, size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// Little-endian, so the digest is the same on every machine.
  void update_u64(uint64_t value);
  Digest finish();

 private:
  void compress(const uint8_t* block);
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> buffer_{};
  uint64_t size_ = 0;
};

Digest sha256(std::string_view bytes);
std::string hex(const Digest& digest);
std::string hex(std::string_view bytes);

}  // namespace bb
