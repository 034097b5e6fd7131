// Conversion to binary16 and bfloat16 and back for one instruction set.
#include "bb/kernels/isa/codec.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

inline constexpr size_t kStep = 64;
inline constexpr float kMaxHalf = 65504.0F;

/// binary16 of a finite number, by integers: ties to even, subnormals kept, 65504 at most.
inline uint16_t half_of(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  uint32_t magnitude = bits & 0x7FFFFFFFU;
  const uint32_t most = __builtin_bit_cast(uint32_t, kMaxHalf);
  if (magnitude > most) magnitude = most;
  if (magnitude < 0x38800000U) {  // below 2^-14: a subnormal half, in units of 2^-24
    const uint32_t shift = 126U - (magnitude >> 23);
    if (shift > 24U) return static_cast<uint16_t>(sign);
    const uint32_t significand = (magnitude & 0x007FFFFFU) | 0x00800000U;
    const uint32_t kept = significand >> shift;
    const uint32_t lost = significand & ((1U << shift) - 1U);
    const uint32_t middle = 1U << (shift - 1U);
    const uint32_t up = lost > middle || (lost == middle && (kept & 1U) != 0) ? 1U : 0U;
    return static_cast<uint16_t>(sign | (kept + up));
  }
  const uint32_t rounded = magnitude + 0x0FFFU + ((magnitude >> 13) & 1U);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

inline float value_of_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t magnitude = half & 0x7FFFU;
  if (magnitude < 0x0400U) {  // zero and subnormals: exact as an integer times 2^-24
    const float size = static_cast<float>(magnitude) * 0x1p-24F;
    return __builtin_bit_cast(float, sign | __builtin_bit_cast(uint32_t, size));
  }
  const uint32_t exponent = magnitude >= 0x7C00U ? 0x70000000U : 0x38000000U;
  return __builtin_bit_cast(float, sign | ((magnitude << 13) + exponent));
}

inline uint16_t brain_of(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t rounded = ((bits & 0x7FFFFFFFU) + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<uint16_t>(sign | (rounded < 0x7F7FU ? rounded : 0x7F7FU));
}

template <bool kBrain>
inline void halves_64(const float* x, uint16_t* y) {
#if defined(BB_KERNEL_V4)
  if constexpr (!kBrain) {
    const __m512 most = _mm512_set1_ps(kMaxHalf);
    const __m512 least = _mm512_set1_ps(-kMaxHalf);
    unroll<4>([&](auto i) BB_INLINE {
      const __m512 v = _mm512_loadu_ps(x + 16 * i);
      const __m256i half = _mm512_cvtps_ph(_mm512_max_ps(_mm512_min_ps(v, most), least),
                                           _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + 16 * i), half);
    });
    return;
  }
#elif defined(BB_KERNEL_V3)
  if constexpr (!kBrain) {
    const __m256 most = _mm256_set1_ps(kMaxHalf);
    const __m256 least = _mm256_set1_ps(-kMaxHalf);
    unroll<8>([&](auto i) BB_INLINE {
      const __m256 v = _mm256_loadu_ps(x + 8 * i);
      const __m128i half = _mm256_cvtps_ph(_mm256_max_ps(_mm256_min_ps(v, most), least),
                                           _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 8 * i), half);
    });
    return;
  }
#endif
  for (size_t i = 0; i < kStep; ++i) y[i] = kBrain ? brain_of(x[i]) : half_of(x[i]);
}

template <bool kBrain>
inline void values_64(const uint16_t* x, float* y) {
#if defined(BB_KERNEL_V4)
  if constexpr (!kBrain) {
    unroll<4>([&](auto i) BB_INLINE {
      _mm512_store_ps(
          y + 16 * i,
          _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 16 * i))));
    });
    return;
  }
#elif defined(BB_KERNEL_V3)
  if constexpr (!kBrain) {
    unroll<8>([&](auto i) BB_INLINE {
      _mm256_store_ps(
          y + 8 * i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + 8 * i))));
    });
    return;
  }
#endif
  for (size_t i = 0; i < kStep; ++i) {
    y[i] =
        kBrain ? __builtin_bit_cast(float, static_cast<uint32_t>(x[i]) << 16) : value_of_half(x[i]);
  }
}

template <bool kBrain>
uint32_t narrow(const float* x, size_t n, void* y) {
  char* out = static_cast<char*>(y);
  uint32_t lanes[kStep] = {};
  float rest[kStep] = {};
  uint16_t made[kStep];
  for (size_t i = 0; i < n; i += kStep) {
    const size_t count = smaller(kStep, n - i);
    const float* from = x + i;
    if (count < kStep) {
      __builtin_memcpy(rest, x + i, count * sizeof(float));
      from = rest;
    }
    for (size_t j = 0; j < kStep; ++j) {
      const uint32_t m = magnitude_of(from[j]);
      lanes[j] = m > lanes[j] ? m : lanes[j];
    }
    halves_64<kBrain>(from, made);
    __builtin_memcpy(out + 2 * i, made, count * sizeof(uint16_t));
  }
  uint32_t most = 0;
  for (const uint32_t lane : lanes) most = lane > most ? lane : most;
  return most;
}

template <bool kBrain>
void widen(const void* x, size_t n, float* y, bool stream) {
  const char* in = static_cast<const char*>(x);
  const bool lines = may_stream(y, stream);
  alignas(64) float made[kStep];
  uint16_t from[kStep] = {};
  for (size_t i = 0; i < n; i += kStep) {
    const size_t count = smaller(kStep, n - i);
    __builtin_memcpy(from, in + 2 * i, count * sizeof(uint16_t));
    values_64<kBrain>(from, made);
    if (count == kStep) {
      store_64(made, y + i, lines);
    } else {
      __builtin_memcpy(y + i, made, count * sizeof(float));
    }
  }
  end_stream(lines);
}

}  // namespace

uint32_t codec_to_f16(const float* x, size_t n, void* y) { return narrow<false>(x, n, y); }
void codec_from_f16(const void* x, size_t n, float* y, bool stream) {
  widen<false>(x, n, y, stream);
}
uint32_t codec_to_bf16(const float* x, size_t n, void* y) { return narrow<true>(x, n, y); }
void codec_from_bf16(const void* x, size_t n, float* y, bool stream) {
  widen<true>(x, n, y, stream);
}

}  // namespace bb::kernels::BB_KERNEL_ISA
