// NEON operations for which xsimd has no form, or one with other rounding or NaN rules.
#pragma once

#include <arm_neon.h>

#include "bb/kernels/isa/simd_xsimd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
struct Tail {
  size_t count;
};
template <class T>
inline Tail<T> tail_of(size_t count) {
  return {count};
}
template <class T>
inline Vec<T> load_tail(const T* p, Tail<T> tail) {
  T lanes[kWidth<T>] = {};
  for (size_t i = 0; i < tail.count; ++i) lanes[i] = p[i];
  return load(lanes);
}
template <class T>
inline void save_tail(T* p, Vec<T> v, Tail<T> tail) {
  T lanes[kWidth<T>];
  save(lanes, v);
  for (size_t i = 0; i < tail.count; ++i) p[i] = lanes[i];
}
inline Vec<double> load_wide(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
inline void save_narrow(float* p, Vec<double> v) { vst1_f32(p, vcvt_f32_f64(v)); }

inline Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) { return vfmaq_f32(c, a, b); }
inline Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) { return vfmaq_f64(c, a, b); }
// vminq and vmaxq treat NaN and signed zero symmetrically, unlike x86: compare and select instead.
inline Vec<float> min_of(Vec<float> a, Vec<float> b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
inline Vec<double> min_of(Vec<double> a, Vec<double> b) { return vbslq_f64(vcltq_f64(a, b), a, b); }
inline Vec<float> max_of(Vec<float> a, Vec<float> b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline Vec<double> max_of(Vec<double> a, Vec<double> b) { return vbslq_f64(vcgtq_f64(a, b), a, b); }
// xsimd 8.1 divides floats by an estimated reciprocal.
inline Vec<float> divide(Vec<float> a, Vec<float> b) { return vdivq_f32(a, b); }
inline Vec<double> divide(Vec<double> a, Vec<double> b) { return vdivq_f64(a, b); }
inline Vec<float> sqrt_of(Vec<float> a) { return vsqrtq_f32(a); }
inline Vec<double> sqrt_of(Vec<double> a) { return vsqrtq_f64(a); }
inline unsigned mask_bits(Mask<float> m) {
  const uint32x4_t weights = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(m, weights));
}
inline unsigned mask_bits(Mask<double> m) {
  const uint64x2_t weights = {1, 2};
  return static_cast<unsigned>(vaddvq_u64(vandq_u64(m, weights)));
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
