// Counts from fractions: the one place that says how a share of n becomes a whole number.
#pragma once

#include <cstddef>

namespace bb {

/// ceil(fraction * n) for fraction in [0, 1]. Products within 1e-9 of a whole number count as it,
/// so that 0.07 of 100 is 7 although 0.07 * 100 is not 7 in binary.
inline size_t ceil_count(double fraction, size_t n) {
  constexpr double kRounding = 1e-9;
  const double product = fraction * static_cast<double>(n) - kRounding;
  if (product <= 0) return 0;
  const auto floor = static_cast<size_t>(product);
  return floor + (static_cast<double>(floor) < product ? 1 : 0);
}

}  // namespace bb
