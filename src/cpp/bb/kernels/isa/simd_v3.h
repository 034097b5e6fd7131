// AVX2 and FMA operations for which xsimd has no form, or one with other rounding or NaN rules.
#pragma once

#include <immintrin.h>

#include "bb/kernels/isa/simd_xsimd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
struct Tail {
  __m256i mask;
};
alignas(32) constexpr int32_t kTailWords[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                0,  0,  0,  0,  0,  0,  0,  0};

template <class T>
inline Tail<T> tail_of(size_t count) {
  const int32_t* words = kTailWords + 8 - count * (sizeof(T) / 4);
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words))};
}
inline Vec<float> load_tail(const float* p, Tail<float> t) { return _mm256_maskload_ps(p, t.mask); }
inline Vec<double> load_tail(const double* p, Tail<double> t) {
  return _mm256_maskload_pd(p, t.mask);
}
inline void save_tail(float* p, Vec<float> v, Tail<float> t) { _mm256_maskstore_ps(p, t.mask, v); }
inline void save_tail(double* p, Vec<double> v, Tail<double> t) {
  _mm256_maskstore_pd(p, t.mask, v);
}
inline Vec<double> load_wide(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
inline void save_narrow(float* p, Vec<double> v) { _mm_storeu_ps(p, _mm256_cvtpd_ps(v)); }

inline Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
  return _mm256_fmadd_pd(a, b, c);
}
// The instructions are a < b ? a : b and a > b ? a : b; xsimd swaps the operands.
inline Vec<float> min_of(Vec<float> a, Vec<float> b) { return _mm256_min_ps(a, b); }
inline Vec<double> min_of(Vec<double> a, Vec<double> b) { return _mm256_min_pd(a, b); }
inline Vec<float> max_of(Vec<float> a, Vec<float> b) { return _mm256_max_ps(a, b); }
inline Vec<double> max_of(Vec<double> a, Vec<double> b) { return _mm256_max_pd(a, b); }
inline Vec<float> divide(Vec<float> a, Vec<float> b) { return _mm256_div_ps(a, b); }
inline Vec<double> divide(Vec<double> a, Vec<double> b) { return _mm256_div_pd(a, b); }
inline Vec<float> sqrt_of(Vec<float> a) { return _mm256_sqrt_ps(a); }
inline Vec<double> sqrt_of(Vec<double> a) { return _mm256_sqrt_pd(a); }
inline unsigned mask_bits(Mask<float> m) { return static_cast<unsigned>(_mm256_movemask_ps(m)); }
inline unsigned mask_bits(Mask<double> m) { return static_cast<unsigned>(_mm256_movemask_pd(m)); }

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
