// Tests Philox against the known answers of its reference implementation, and the streams over it.
#include "bb/base/philox.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "bb/base/sha256.h"

namespace bb {
namespace {

using Block = std::array<uint32_t, 4>;

TEST(Philox, MatchesKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Stream, FollowsItsDocumentedConstruction) {
  Sha256 hash;
  hash.update(std::string_view("bb.stream\0", 10));
  hash.update_u64(42);
  hash.update("batch");
  const Digest digest = hash.finish();
  std::array<uint32_t, 2> key{};
  for (size_t i = 0; i < 8; ++i) key[i / 4] += static_cast<uint32_t>(digest[i]) << (8 * (i % 4));

  Stream stream(42, "batch", 7, 9);
  EXPECT_EQ(stream.key(), key);
  for (uint32_t block = 0; block < 3; ++block)
    for (const uint32_t expected : philox4x32({block, 0, 7, 9}, key))
      EXPECT_EQ(stream.next_u32(), expected);
}

TEST(Stream, WiderDrawsAreMadeOfU32sLowFirst) {
  Stream narrow(1, "x"), wide(1, "x"), real(1, "x");
  for (int i = 0; i < 10; ++i) {
    const uint64_t low = narrow.next_u32();
    const uint64_t both = low | static_cast<uint64_t>(narrow.next_u32()) << 32;
    EXPECT_EQ(wide.next_u64(), both);
    EXPECT_EQ(real.next_double(), std::ldexp(static_cast<double>(both >> 11), -53));
  }
}

TEST(Stream, EveryPartOfTheNameChangesTheNumbers) {
  std::set<uint64_t> firsts;
  firsts.insert(Stream(1, "a", 0, 0).next_u64());
  firsts.insert(Stream(2, "a", 0, 0).next_u64());
  firsts.insert(Stream(1, "b", 0, 0).next_u64());
  firsts.insert(Stream(1, "a", 1, 0).next_u64());
  firsts.insert(Stream(1, "a", 0, 1).next_u64());
  EXPECT_EQ(firsts.size(), 5u);
  EXPECT_EQ(Stream(1, "a", 3, 4).next_u64(), Stream(1, "a", 3, 4).next_u64());
}

TEST(Stream, LanesAbove32BitsAreFolded) {
  const Stream stream(0, "fold", 0x0000000500000003, 0xffffffff);
  EXPECT_EQ(stream.lane_a(), 6u);
  EXPECT_EQ(stream.lane_b(), 0xffffffffu);
}

TEST(Stream, DoublesFillTheUnitIntervalEvenly) {
  Stream stream(3, "double");
  const int draws = 100000;
  double sum = 0;
  for (int i = 0; i < draws; ++i) {
    const double x = stream.next_double();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  // Six standard deviations of the mean of uniforms.
  EXPECT_NEAR(sum / draws, 0.5, 6 / std::sqrt(12.0 * draws));
}

TEST(Stream, BelowIsEvenAndStaysBelow) {
  Stream stream(4, "below");
  const size_t bound = 7;
  const int draws = 70000;
  std::vector<int> counts(bound);
  for (int i = 0; i < draws; ++i) {
    const uint64_t value = stream.next_below(bound);
    ASSERT_LT(value, bound);
    ++counts[value];
  }
  const double expected = static_cast<double>(draws) / bound;
  for (const int count : counts) EXPECT_NEAR(count, expected, 6 * std::sqrt(expected));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stream.next_below(1), 0u);
}

TEST(Stream, BelowRejectsSoThatLargeBoundsAreEven) {
  // With a bound of 3·2^62, a draw without rejection gives multiples of 3 twice as often as others.
  Stream stream(5, "below");
  const uint64_t third = uint64_t{1} << 62;
  const int draws = 30000;
  int last = 0;
  for (int i = 0; i < draws; ++i) last += stream.next_below(3 * third) % 3 == 2 ? 1 : 0;
  const double expected = draws / 3.0;
  EXPECT_NEAR(last, expected, 6 * std::sqrt(expected));
}

}  // namespace
}  // namespace bb
