// Selects the SIMD layer of this translation unit and adds the helpers every kernel body uses.
#pragma once

#include <utility>

#if defined(BB_KERNEL_V4)
#include "bb/kernels/isa/simd_v4.h"
#elif defined(BB_KERNEL_V3)
#include "bb/kernels/isa/simd_v3.h"
#elif defined(BB_KERNEL_NEON)
#include "bb/kernels/isa/simd_neon.h"
#else
#include "bb/kernels/isa/simd_scalar.h"
#endif

/// For lambdas, whose attributes g++ 12 takes only in this form.
#define BB_INLINE __attribute__((always_inline))

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

/// Logical lanes of every reduction, whatever the register width.
inline constexpr size_t kLanes = 16;
template <class T>
inline constexpr T kLaneNumbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

template <size_t I>
struct Index {
  constexpr operator size_t() const { return I; }
};
/// Calls f(Index<0>) ... f(Index<N - 1>). Arrays of registers that are indexed by these constants
/// stay in registers; g++ 12 leaves those indexed by an unrolled loop counter in memory.
template <size_t N, class F>
[[gnu::always_inline]] inline void unroll(F f) {
  [&]<size_t... I>(std::index_sequence<I...>)
      BB_INLINE { (f(Index<I>()), ...); }(std::make_index_sequence<N>());
}

template <class T>
struct UnsignedOf;
template <>
struct UnsignedOf<float> {
  using Type = uint32_t;
};
template <>
struct UnsignedOf<double> {
  using Type = uint64_t;
};
template <class T>
using Bits = typename UnsignedOf<T>::Type;

inline Vec<double> load_wide(const double* p) { return load(p); }
inline void save_narrow(double* p, Vec<double> v) { save(p, v); }

inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
inline size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

/// Columns from `begin` to the next cache line, if that is the same number for every row.
template <class T>
inline size_t columns_to_line(const T* const* rows, size_t n, size_t begin) {
  size_t head = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t address = reinterpret_cast<size_t>(rows[i] + begin);
    const size_t columns = (64 - address % 64) % 64 / sizeof(T);
    if (i > 0 && columns != head) return 0;
    head = columns;
  }
  return head;
}

template <class T>
inline Vec<T> zero() {
  return set1(T(0));
}
template <class T>
inline T infinity() {
  return static_cast<T>(__builtin_inf());
}
template <class T>
inline T not_a_number() {
  return static_cast<T>(__builtin_nan(""));
}
template <class T>
inline Vec<T> abs_of(Vec<T> v) {
  return from_bits(bits_of(v) & set1(static_cast<Bits<T>>(~Bits<T>(0) >> 1)));
}
template <class T>
inline Vec<T> negate(Vec<T> v) {
  return from_bits(bits_of(v) ^ set1(static_cast<Bits<T>>(Bits<T>(1) << (sizeof(T) * 8 - 1))));
}
/// |size| with the sign of `sign`.
template <class T>
inline Vec<T> copy_sign(Vec<T> size, Vec<T> sign) {
  const Bits<T> top = Bits<T>(1) << (sizeof(T) * 8 - 1);
  return from_bits((bits_of(size) & set1(static_cast<Bits<T>>(top - 1))) |
                   (bits_of(sign) & set1(top)));
}

#if defined(BB_KERNEL_V3) || defined(BB_KERNEL_V4)
inline float combine_lanes(const float (&lanes)[kLanes]) {
  const __m256 eight = _mm256_add_ps(_mm256_loadu_ps(lanes), _mm256_loadu_ps(lanes + 8));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline double combine_lanes(const double (&lanes)[kLanes]) {
  const __m256d low = _mm256_add_pd(_mm256_loadu_pd(lanes), _mm256_loadu_pd(lanes + 8));
  const __m256d high = _mm256_add_pd(_mm256_loadu_pd(lanes + 4), _mm256_loadu_pd(lanes + 12));
  const __m256d four = _mm256_add_pd(low, high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
/// The largest of 16 numbers, none of them NaN.
inline float largest_number(const float (&lanes)[kLanes]) {
  const __m256 eight = _mm256_max_ps(_mm256_loadu_ps(lanes), _mm256_loadu_ps(lanes + 8));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline double largest_number(const double (&lanes)[kLanes]) {
  const __m256d low = _mm256_max_pd(_mm256_loadu_pd(lanes), _mm256_loadu_pd(lanes + 8));
  const __m256d high = _mm256_max_pd(_mm256_loadu_pd(lanes + 4), _mm256_loadu_pd(lanes + 12));
  const __m256d four = _mm256_max_pd(low, high);
  const __m128d two = _mm_max_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)));
}
#else
/// Sum of 16 lanes by halves: 8, 4, 2, 1. The one combine tree of the library.
template <class T>
inline T combine_lanes(T (&lanes)[kLanes]) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}
template <class T>
inline T largest_number(const T (&lanes)[kLanes]) {
  T best = lanes[0];
  for (const T lane : lanes) best = lane > best ? lane : best;
  return best;
}
#endif

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
