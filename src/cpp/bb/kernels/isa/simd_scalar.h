// One-lane stand-in for a SIMD register: the portable body of every kernel, and its specification.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
struct Vec {
  T value;
};
struct Mask {
  bool value;
};
/// How many lanes of a last, partial register are in use.
template <class T>
struct Tail {
  size_t count;
};

template <class T>
inline constexpr size_t kWidth = 1;
inline constexpr size_t kRegisters = 16;
inline constexpr bool kMaskedLoads = false;

template <class T>
inline Vec<T> operator+(Vec<T> a, Vec<T> b) {
  return {a.value + b.value};
}
template <class T>
inline Vec<T> operator-(Vec<T> a, Vec<T> b) {
  return {a.value - b.value};
}
template <class T>
inline Vec<T> operator*(Vec<T> a, Vec<T> b) {
  return {a.value * b.value};
}
template <class T>
inline Vec<T> divide(Vec<T> a, Vec<T> b) {
  return {a.value / b.value};
}
template <class T>
inline Mask operator<(Vec<T> a, Vec<T> b) {
  return {a.value < b.value};
}
template <class T>
inline Mask operator>(Vec<T> a, Vec<T> b) {
  return {a.value > b.value};
}
template <class T>
inline Mask operator==(Vec<T> a, Vec<T> b) {
  return {a.value == b.value};
}

template <class T>
inline Vec<T> load(const T* p) {
  return {*p};
}
template <class T>
inline void save(T* p, Vec<T> v) {
  *p = v.value;
}
template <class T>
inline Tail<T> tail_of(size_t count) {
  return {count};
}
template <class T>
inline Vec<T> load_tail(const T* p, Tail<T> tail) {
  return {tail.count != 0 ? *p : T(0)};
}
template <class T>
inline void save_tail(T* p, Vec<T> v, Tail<T> tail) {
  if (tail.count != 0) *p = v.value;
}
inline Vec<double> load_wide(const float* p) { return {static_cast<double>(*p)}; }
inline void save_narrow(float* p, Vec<double> v) { *p = static_cast<float>(v.value); }

template <class T>
inline Vec<T> set1(T value) {
  return {value};
}
inline Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {__builtin_fmaf(a.value, b.value, c.value)};
}
inline Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {__builtin_fma(a.value, b.value, c.value)};
}
template <class T>
inline Vec<T> min_of(Vec<T> a, Vec<T> b) {
  return {a.value < b.value ? a.value : b.value};
}
template <class T>
inline Vec<T> max_of(Vec<T> a, Vec<T> b) {
  return {a.value > b.value ? a.value : b.value};
}
inline Vec<float> sqrt_of(Vec<float> a) { return {__builtin_sqrtf(a.value)}; }
inline Vec<double> sqrt_of(Vec<double> a) { return {__builtin_sqrt(a.value)}; }
template <class T>
inline Vec<T> choose(Mask mask, Vec<T> yes, Vec<T> no) {
  return mask.value ? yes : no;
}
inline unsigned mask_bits(Mask mask) { return mask.value ? 1U : 0U; }

inline Vec<uint32_t> bits_of(Vec<float> v) { return {__builtin_bit_cast(uint32_t, v.value)}; }
inline Vec<uint64_t> bits_of(Vec<double> v) { return {__builtin_bit_cast(uint64_t, v.value)}; }
inline Vec<float> from_bits(Vec<uint32_t> v) { return {__builtin_bit_cast(float, v.value)}; }
inline Vec<double> from_bits(Vec<uint64_t> v) { return {__builtin_bit_cast(double, v.value)}; }
template <class U>
inline Vec<U> operator&(Vec<U> a, Vec<U> b) {
  return {a.value & b.value};
}
template <class U>
inline Vec<U> operator|(Vec<U> a, Vec<U> b) {
  return {a.value | b.value};
}
template <class U>
inline Vec<U> operator^(Vec<U> a, Vec<U> b) {
  return {a.value ^ b.value};
}
template <int K, class U>
inline Vec<U> shift_left(Vec<U> a) {
  return {a.value << K};
}
template <int K, class U>
inline Vec<U> shift_right(Vec<U> a) {
  return {a.value >> K};
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
