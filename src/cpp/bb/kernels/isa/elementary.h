// exp, log, tanh, sigmoid, sine and cosine on registers: argument reduction, then Taylor
// polynomials long enough that truncation is below a tenth of an ulp.
#pragma once

#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
struct Format;
template <>
struct Format<float> {
  static constexpr int kMantissaBits = 23;
  static constexpr int kBias = 127;
  static constexpr float kRound = 12582912.0F;         // 1.5 * 2^23: adding it rounds to integer
  static constexpr float kTwoToMantissa = 8388608.0F;  // 2^23
  static constexpr float kLn2High = 0x1.62e43p-1F;
  static constexpr float kLn2Low = -0x1.05c610p-29F;
  static constexpr float kExpMin = -105.0F;
  static constexpr float kExpMax = 90.0F;
  static constexpr float kTanhMax = 10.0F;
  static constexpr uint32_t kSqrtHalf = 0x3f3504f3U;
  static constexpr uint32_t kOne = 0x3f800000U;
  static constexpr float kSmallestNormal = 0x1p-126F;
  static constexpr float kSubnormalScale = 0x1p25F;
  static constexpr float kSubnormalShift = 25.0F;
  static constexpr int kExpTerms = 7;
  static constexpr int kLogTerms = 5;
};
template <>
struct Format<double> {
  static constexpr int kMantissaBits = 52;
  static constexpr int kBias = 1023;
  static constexpr double kRound = 6755399441055744.0;          // 1.5 * 2^52
  static constexpr double kTwoToMantissa = 4503599627370496.0;  // 2^52
  static constexpr double kLn2High = 0x1.62e42fefa39efp-1;
  static constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;
  static constexpr double kExpMin = -750.0;
  static constexpr double kExpMax = 715.0;
  static constexpr double kTanhMax = 22.0;
  static constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcdULL;
  static constexpr uint64_t kOne = 0x3ff0000000000000ULL;
  static constexpr double kSmallestNormal = 0x1p-1022;
  static constexpr double kSubnormalScale = 0x1p54;
  static constexpr double kSubnormalShift = 54.0;
  static constexpr int kExpTerms = 14;
  static constexpr int kLogTerms = 11;
};

constexpr double factorial(int n) {
  double product = 1.0;
  for (int i = 2; i <= n; ++i) product *= i;
  return product;
}

/// Nearest integer, ties to even; |v| below 2^22 (float) or 2^51 (double).
template <class T>
inline Vec<T> round_to_integer(Vec<T> v) {
  const Vec<T> magic = set1(Format<T>::kRound);
  return (v + magic) - magic;
}

/// 2^n for integral n in the range of normal exponents.
template <class T>
inline Vec<T> power_of_two(Vec<T> n) {
  const Vec<T> biased = n + set1(static_cast<T>(Format<T>::kRound + Format<T>::kBias));
  return from_bits(shift_left<Format<T>::kMantissaBits>(bits_of(biased)));
}

/// exp(x) = 2^n (1 + p) with n integral and |p| below 0.42.
template <class T>
struct ReducedExp {
  Vec<T> n;
  Vec<T> p;
};

template <class T>
inline ReducedExp<T> reduce_exp(Vec<T> x) {
  using F = Format<T>;
  const Vec<T> n = round_to_integer(x * set1(static_cast<T>(1.4426950408889634)));
  Vec<T> r = fused(n, set1(static_cast<T>(-F::kLn2High)), x);
  r = fused(n, set1(static_cast<T>(-F::kLn2Low)), r);
  Vec<T> q = set1(static_cast<T>(1.0 / factorial(F::kExpTerms)));
  for (int i = F::kExpTerms - 1; i >= 2; --i) {
    q = fused(q, r, set1(static_cast<T>(1.0 / factorial(i))));
  }
  return {n, fused(r * r, q, r)};
}

template <class T>
inline Vec<T> exp_of(Vec<T> x) {
  using F = Format<T>;
  const Vec<T> clamped = max_of(set1(F::kExpMin), min_of(set1(F::kExpMax), x));
  const ReducedExp<T> e = reduce_exp(clamped);
  // Two factors, so that neither overflows and a subnormal result is rounded once.
  const Vec<T> half = round_to_integer(e.n * set1(T(0.5)));
  const Vec<T> scaled = fused(e.p, power_of_two(half), power_of_two(half));
  return scaled * power_of_two(e.n - half);
}

template <class T>
inline Vec<T> log_of(Vec<T> x) {
  using F = Format<T>;
  const auto subnormal = x < set1(F::kSmallestNormal);
  const Vec<T> scaled = choose(subnormal, x * set1(F::kSubnormalScale), x);
  // Shift the binade so that the mantissa m lies in [sqrt(1/2), sqrt(2)).
  const auto shifted = bits_of(scaled) + set1(static_cast<Bits<T>>(F::kOne - F::kSqrtHalf));
  const auto exponent_bits = shift_right<F::kMantissaBits>(shifted);
  const auto two_to_mantissa = bits_of(set1(F::kTwoToMantissa));
  Vec<T> k = from_bits(exponent_bits | two_to_mantissa) -
             set1(static_cast<T>(F::kTwoToMantissa + F::kBias));
  k = k - choose(subnormal, set1(F::kSubnormalShift), zero<T>());
  const Bits<T> mantissa = (Bits<T>(1) << F::kMantissaBits) - 1;
  const Vec<T> m = from_bits((shifted & set1(mantissa)) + set1(F::kSqrtHalf));
  // log m = 2 atanh(s) with s = f / (2 + f), written around f to keep its low bits.
  const Vec<T> f = m - set1(T(1));
  const Vec<T> s = divide(f, f + set1(T(2)));
  const Vec<T> z = s * s;
  Vec<T> series = set1(static_cast<T>(2.0 / (2 * F::kLogTerms + 1)));
  for (int i = F::kLogTerms - 1; i >= 1; --i) {
    series = fused(series, z, set1(static_cast<T>(2.0 / (2 * i + 1))));
  }
  const Vec<T> half_square = set1(T(0.5)) * f * f;
  const Vec<T> tail = fused(s, fused(series, z, half_square), k * set1(F::kLn2Low));
  Vec<T> y = fused(k, set1(F::kLn2High), f - (half_square - tail));
  y = choose(x == set1(infinity<T>()), x, y);
  y = choose(x == zero<T>(), set1(-infinity<T>()), y);
  y = choose(x < zero<T>(), set1(not_a_number<T>()), y);
  return choose(x == x, y, x);
}

/// tanh(x) = t / (t + 2) with t = exp(2|x|) - 1, formed without cancellation.
template <class T>
inline Vec<T> tanh_of(Vec<T> x) {
  const Vec<T> size = min_of(set1(Format<T>::kTanhMax), abs_of(x));
  const ReducedExp<T> e = reduce_exp(size + size);
  const Vec<T> power = power_of_two(e.n);
  const Vec<T> t = fused(power, e.p, power - set1(T(1)));
  return copy_sign(divide(t, t + set1(T(2))), x);
}

template <class T>
inline Vec<T> sigmoid_of(Vec<T> x) {
  const Vec<T> e = exp_of(negate(abs_of(x)));
  return divide(choose(x < zero<T>(), e, set1(T(1))), e + set1(T(1)));
}

/// Sine and cosine of an angle within [-pi/4, pi/4].
struct SineCosine {
  Vec<double> sine;
  Vec<double> cosine;
};
inline SineCosine sine_cosine_of(Vec<double> angle) {
  const Vec<double> z = angle * angle;
  Vec<double> sine = set1(1.0 / factorial(17));
  Vec<double> cosine = set1(1.0 / factorial(16));
  for (int i = 15; i >= 3; i -= 2) {
    const double sign = i % 4 == 1 ? 1.0 : -1.0;
    sine = fused(sine, z, set1(sign / factorial(i)));
    cosine = fused(cosine, z, set1(sign / factorial(i - 1)));
  }
  return {fused(sine * z, angle, angle), fused(cosine, z, set1(1.0))};
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
