// Philox4x32-10 and the named streams over it.
#include "bb/base/philox.h"

#include "bb/base/error.h"
#include "bb/base/sha256.h"

namespace bb {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr uint32_t kMultiplier0 = 0xD2511F53;
constexpr uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

uint32_t fold(uint64_t lane) { return static_cast<uint32_t>(lane ^ (lane >> 32)); }

std::array<uint32_t, 2> stream_key(uint64_t seed, std::string_view purpose) {
  Sha256 hash;
  hash.update(std::string_view("bb.stream", 10));  // with its terminating zero
  hash.update_u64(seed);
  hash.update(purpose);
  const Digest digest = hash.finish();
  std::array<uint32_t, 2> key{};
  for (size_t i = 0; i < 8; ++i) key[i / 4] |= uint32_t{digest[i]} << (8 * (i % 4));
  return key;
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Stream::Stream(uint64_t seed, std::string_view purpose, uint64_t a, uint64_t b)
    : key_(stream_key(seed, purpose)), a_(fold(a)), b_(fold(b)) {}

uint32_t Stream::next_u32() {
  if (left_ == 0) {
    buffer_ = philox4x32(
        {static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32), a_, b_}, key_);
    ++block_;
    left_ = 4;
  }
  return buffer_[static_cast<size_t>(4 - left_--)];
}

uint64_t Stream::next_u64() {
  const uint64_t low = next_u32();
  return low | uint64_t{next_u32()} << 32;
}

double Stream::next_double() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

uint64_t Stream::next_below(uint64_t bound) {
  BB_CHECK(bound >= 1);
  // Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
  uint128 product = uint128{next_u64()} * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = (0 - bound) % bound;
    while (static_cast<uint64_t>(product) < threshold) product = uint128{next_u64()} * bound;
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace bb
