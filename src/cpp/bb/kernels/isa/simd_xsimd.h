// What the AVX2, AVX-512 and NEON bodies share: xsimd batches behind the names of simd_scalar.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

#if defined(BB_KERNEL_V4)
using Arch = xsimd::avx512bw;
inline constexpr size_t kRegisters = 32;
inline constexpr bool kMaskedLoads = true;
#elif defined(BB_KERNEL_V3)
using Arch = xsimd::fma3<xsimd::avx2>;
inline constexpr size_t kRegisters = 16;
inline constexpr bool kMaskedLoads = true;
#else
using Arch = xsimd::neon64;
inline constexpr size_t kRegisters = 32;
inline constexpr bool kMaskedLoads = false;
#endif

template <class T>
using Vec = xsimd::batch<T, Arch>;
template <class T>
using Mask = xsimd::batch_bool<T, Arch>;
template <class T>
inline constexpr size_t kWidth = Vec<T>::size;

template <class T>
inline Vec<T> load(const T* p) {
  return Vec<T>::load_unaligned(p);
}
template <class T>
inline void save(T* p, Vec<T> v) {
  v.store_unaligned(p);
}
template <class T>
inline Vec<T> set1(T value) {
  return Vec<T>(value);
}
template <class T>
inline Vec<T> choose(Mask<T> mask, Vec<T> yes, Vec<T> no) {
  return xsimd::select(mask, yes, no);
}
inline Vec<uint32_t> bits_of(Vec<float> v) { return xsimd::bitwise_cast<Vec<uint32_t>>(v); }
inline Vec<uint64_t> bits_of(Vec<double> v) { return xsimd::bitwise_cast<Vec<uint64_t>>(v); }
inline Vec<float> from_bits(Vec<uint32_t> v) { return xsimd::bitwise_cast<Vec<float>>(v); }
inline Vec<double> from_bits(Vec<uint64_t> v) { return xsimd::bitwise_cast<Vec<double>>(v); }
template <int K, class U>
inline Vec<U> shift_left(Vec<U> a) {
  return a << K;
}
template <int K, class U>
inline Vec<U> shift_right(Vec<U> a) {
  return a >> K;
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
