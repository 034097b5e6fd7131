// Normals from Philox against a plain computation and their moments, on every ISA.
#include "bb/kernels/random.h"

#include "bb/kernels/math.h"
#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

struct Words {
  uint32_t w[4];
};

/// Philox4x32-10, straight from its definition.
Words philox_oracle(const uint32_t key[2], const uint32_t counter[4]) {
  uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]};
  uint32_t k[2] = {key[0], key[1]};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ULL * c[0];
    const uint64_t p1 = 0xCD9E8D57ULL * c[2];
    const uint32_t next[4] = {
        static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
        static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k[0] += 0x9E3779B9U;
    k[1] += 0xBB67AE85U;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

TEST(Normals, the_oracle_has_the_published_answer_for_zeros) {
  const uint32_t key[2] = {0, 0};
  const uint32_t counter[4] = {0, 0, 0, 0};
  const Words out = philox_oracle(key, counter);
  EXPECT_EQ(out.w[0], 0x6627e8d5U);
  EXPECT_EQ(out.w[1], 0xe169c58dU);
  EXPECT_EQ(out.w[2], 0xbc57ac4cU);
  EXPECT_EQ(out.w[3], 0x9b00dbd8U);
}

std::vector<double> normals(const PhiloxState& state, size_t n) {
  return on_every_isa([&](const Table& t) {
    std::vector<double> out(n);
    t.normals_f64(state, out.data(), n);
    return out;
  });
}

TEST(Normals, follow_box_and_muller_block_by_block) {
  // The low counter word wraps into the next one within the call.
  const PhiloxState state = {{5, 6}, {0xfffffffeU, 7, 8, 9}};
  const size_t n = 1001;
  const auto y = normals(state, n);
  for (size_t i = 0; i < n; ++i) {
    const uint64_t block = ((uint64_t{7} << 32) | 0xfffffffeU) + i / 2;
    const uint32_t counter[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                                 8, 9};
    const Words b = philox_oracle(state.key, counter);
    const uint64_t x = (uint64_t{b.w[1]} << 32) | b.w[0];
    const uint64_t z = (uint64_t{b.w[3]} << 32) | b.w[2];
    const long double u = static_cast<long double>((x >> 11) + 1) * 0x1p-53L;
    const long double v = static_cast<long double>(z >> 11) * 0x1p-53L;
    const long double radius = std::sqrt(-2.0L * std::log(u));
    const long double angle = 2.0L * 3.14159265358979323846264338327950288L * v;
    const long double exact = radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    EXPECT_NEAR(y[i], static_cast<double>(exact), 1e-15 * (1.0 + static_cast<double>(radius)));
  }
}

TEST(Normals, floats_are_the_rounded_doubles_and_lengths_are_prefixes) {
  const PhiloxState state = {{1, 2}, {3, 4, 5, 6}};
  const auto whole = normals(state, 1000);
  for (const size_t n : kSizes) {
    const auto y = normals(state, n);
    const auto z = on_every_isa([&](const Table& t) {
      std::vector<float> out(n);
      t.normals_f32(state, out.data(), n);
      return out;
    });
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(y[i], whole[i]);
      EXPECT_EQ(z[i], static_cast<float>(whole[i]));
    }
  }
}

TEST(Normals, have_the_moments_of_a_standard_normal) {
  const size_t n = 200000;
  const auto y = normals({{11, 12}, {0, 0, 0, 0}}, n);
  double sum = 0, squares = 0, fourth = 0;
  for (const double v : y) {
    sum += v;
    squares += v * v;
    fourth += v * v * v * v;
  }
  // Five standard errors of each estimate.
  EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5.0 * std::sqrt(96.0 / n));
}

}  // namespace
}  // namespace bb::kernels::testing
