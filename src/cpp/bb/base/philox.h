// Philox4x32-10: the only source of randomness; streams are named by what they are for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bb {

/// One Philox4x32-10 block (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// A counter-based stream identified by (seed, purpose, a, b); equal names give equal numbers
/// everywhere.
///
/// Key = first 8 bytes of SHA-256("bb.stream\0" + seed as u64 LE + purpose). Counter = (draw block
/// index u64 LE, a u32-folded, b u32-folded) where a and b are folded by xor of their halves only
/// when above 32 bits; use ids and rounds below 2^32 for distinct streams.
class Stream {
 public:
  Stream(uint64_t seed, std::string_view purpose, uint64_t a = 0, uint64_t b = 0);
  uint32_t next_u32();
  uint64_t next_u64();
  /// Uniform in [0, 1) with 53 bits.
  double next_double();
  /// Uniform integer in [0, bound) without bias (Lemire's multiply-and-reject), bound >= 1.
  uint64_t next_below(uint64_t bound);
  std::array<uint32_t, 2> key() const { return key_; }
  uint64_t lane_a() const { return a_; }
  uint64_t lane_b() const { return b_; }

 private:
  std::array<uint32_t, 2> key_;
  uint64_t block_ = 0;
  uint32_t a_, b_;
  std::array<uint32_t, 4> buffer_{};
  int left_ = 0;
};

}  // namespace bb
