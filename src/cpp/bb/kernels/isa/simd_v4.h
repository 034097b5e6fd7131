// AVX-512 operations for which xsimd has no form, or one with other rounding or NaN rules.
#pragma once

#include <immintrin.h>

#include "bb/kernels/isa/simd_xsimd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
struct Tail {
  __mmask16 mask;
};
template <class T>
inline Tail<T> tail_of(size_t count) {
  return {static_cast<__mmask16>((1U << count) - 1U)};
}
inline Vec<float> load_tail(const float* p, Tail<float> t) {
  return _mm512_maskz_loadu_ps(t.mask, p);
}
inline Vec<double> load_tail(const double* p, Tail<double> t) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>(t.mask), p);
}
inline void save_tail(float* p, Vec<float> v, Tail<float> t) {
  _mm512_mask_storeu_ps(p, t.mask, v);
}
inline void save_tail(double* p, Vec<double> v, Tail<double> t) {
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>(t.mask), v);
}
inline Vec<double> load_wide(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
inline void save_narrow(float* p, Vec<double> v) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(v)); }

// xsimd 8.1 rounds twice here.
inline Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
  return _mm512_fmadd_pd(a, b, c);
}
// The instructions are a < b ? a : b and a > b ? a : b; xsimd swaps the operands.
inline Vec<float> min_of(Vec<float> a, Vec<float> b) { return _mm512_min_ps(a, b); }
inline Vec<double> min_of(Vec<double> a, Vec<double> b) { return _mm512_min_pd(a, b); }
inline Vec<float> max_of(Vec<float> a, Vec<float> b) { return _mm512_max_ps(a, b); }
inline Vec<double> max_of(Vec<double> a, Vec<double> b) { return _mm512_max_pd(a, b); }
inline Vec<float> divide(Vec<float> a, Vec<float> b) { return _mm512_div_ps(a, b); }
inline Vec<double> divide(Vec<double> a, Vec<double> b) { return _mm512_div_pd(a, b); }
inline Vec<float> sqrt_of(Vec<float> a) { return _mm512_sqrt_ps(a); }
inline Vec<double> sqrt_of(Vec<double> a) { return _mm512_sqrt_pd(a); }
template <class T>
inline unsigned mask_bits(Mask<T> m) {
  return static_cast<unsigned>(static_cast<typename Mask<T>::register_type>(m));
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
