// Helpers of the kernel tests: inputs with every awkward value, and runs on every instruction set.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "bb/kernels/table.h"

// Picks the float or double entry of a table.
#define BB_BY_TYPE(T, table, name) \
  [&] {                            \
    if constexpr (sizeof(T) == 4)  \
      return (table).name##_f32;   \
    else                           \
      return (table).name##_f64;   \
  }()

namespace bb::kernels::testing {

/// Sizes around every register width and block border.
inline const std::vector<size_t> kSizes = {0,  1,  2,  3,  7,  8,  9,  15,
                                           16, 17, 31, 33, 63, 64, 65, 1000};

template <class T>
std::vector<T> normal_values(size_t n, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(normal(generator));
  return values;
}

/// Normal values with powers of ten of either sign, ties, zeros, subnormals, infinities and NaN
/// mixed in.
template <class T>
std::vector<T> awkward_values(size_t n, uint64_t seed, bool with_nan = true) {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 generator(seed);
  std::vector<T> values = normal_values<T>(n, seed + 1);
  const std::vector<T> special = {T(0),
                                  -T(0),
                                  Limits::denorm_min(),
                                  -Limits::denorm_min() * 77,
                                  Limits::min(),
                                  Limits::max() / 2,
                                  -Limits::max() / 2,
                                  T(1),
                                  T(-1),
                                  Limits::infinity(),
                                  -Limits::infinity(),
                                  Limits::quiet_NaN()};
  const size_t usable = with_nan ? special.size() : special.size() - 3;
  for (T& v : values) {
    const uint64_t draw = generator() % 10;
    if (draw == 0) v = special[generator() % usable];
    if (draw == 1) v = static_cast<T>(std::round(v * 2));
    if (draw == 2) v = static_cast<T>(v * std::pow(10.0, static_cast<int>(generator() % 61) - 30));
  }
  return values;
}

/// Equal bits; any NaN equals any NaN.
template <class T>
::testing::AssertionResult same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != a[i] && b[i] != b[i]) continue;
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) {
      return ::testing::AssertionFailure() << "at " << i << ": " << ::testing::PrintToString(a[i])
                                           << " and " << ::testing::PrintToString(b[i]);
    }
  }
  return ::testing::AssertionSuccess();
}

/// Runs `compute(table)` on every supported instruction set, requires equal bits, returns the
/// result.
template <class F>
auto on_every_isa(F compute) {
  const IsaList isas = supported_isas();
  auto first = compute(*table_of(isas.items[0]));
  for (size_t i = 1; i < isas.count; ++i) {
    const auto other = compute(*table_of(isas.items[i]));
    EXPECT_TRUE(same_bits(first, other))
        << isa_name(isas.items[0]) << " against " << isa_name(isas.items[i]);
  }
  return first;
}

/// Distance of `value` from `exact` in units of the last place of T.
template <class T>
double ulps(T value, long double exact) {
  if (std::isnan(exact)) return std::isnan(value) ? 0.0 : 1e30;
  const T rounded = static_cast<T>(exact);
  if (value == rounded) return 0.0;
  if (!std::isfinite(value) || !std::isfinite(rounded)) return 1e30;
  int exponent = 0;
  std::frexp(rounded, &exponent);
  const int lowest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
  const int last_place = std::max(exponent - std::numeric_limits<T>::digits, lowest);
  return static_cast<double>(std::fabs(value - exact) / std::ldexp(1.0L, last_place));
}

/// Rows of one matrix by pointer.
template <class T>
struct Rows {
  std::vector<std::vector<T>> data;
  std::vector<const T*> pointers;

  explicit Rows(std::vector<std::vector<T>> values) : data(std::move(values)) {
    for (const auto& row : data) pointers.push_back(row.data());
  }
};

/// Scratch memory aligned to 64 bytes, filled with NaN so that a read before a write shows.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : storage_(bytes + 64, 0xff) {}
  void* get() {
    const auto address = reinterpret_cast<uintptr_t>(storage_.data());
    return reinterpret_cast<void*>((address + 63) / 64 * 64);
  }

 private:
  std::vector<uint8_t> storage_;
};

}  // namespace bb::kernels::testing
