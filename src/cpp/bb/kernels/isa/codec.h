// The parts of the codec table that each codec file of one instruction set gives.
#pragma once

#include "bb/kernels/codec.h"
#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {

uint32_t codec_abs_max_bits(const float* x, size_t n);
bool codec_range(const float* x, size_t n, float* low, float* high);
BlockScale codec_scale_of(QuantizeForm form, float low, float high);
bool codec_quantize(QuantizeForm form, const float* x, size_t n, size_t block, void* scales,
                    uint8_t* codes);
void codec_quantize_with(QuantizeForm form, const float* x, size_t n, BlockScale scale,
                         uint8_t* codes);
void codec_dequantize(QuantizeForm form, const void* scales, const uint8_t* codes, size_t n,
                      size_t block, float* y, bool stream);

uint32_t codec_to_f16(const float* x, size_t n, void* y);
void codec_from_f16(const void* x, size_t n, float* y, bool stream);
uint32_t codec_to_bf16(const float* x, size_t n, void* y);
void codec_from_bf16(const void* x, size_t n, float* y, bool stream);

void codec_pack_signs(const float* x, size_t n, uint8_t* bits);
void codec_unpack_signs(const uint8_t* bits, size_t n, float scale, float* y);
double codec_sum_abs(const float* x, size_t n);
double codec_sum_squares(const float* x, size_t n);
size_t codec_above(const float* x, size_t n, uint32_t threshold, uint32_t base, uint32_t* index,
                   uint32_t* magnitude, size_t capacity);
void codec_philox_words(const uint32_t* key, uint64_t first, uint32_t* out, size_t n);

namespace {

inline constexpr uint32_t kNotFinite = 0x7F800000U;

inline uint32_t magnitude_of(float x) { return __builtin_bit_cast(uint32_t, x) & 0x7FFFFFFFU; }

/// Copies 64 floats from a cache-line aligned buffer to y past the caches where the machine can.
inline void store_64(const float* from, float* y, bool stream) {
#if defined(BB_KERNEL_V4)
  if (stream) {
    unroll<4>([&](auto i)
                  BB_INLINE { _mm512_stream_ps(y + 16 * i, _mm512_load_ps(from + 16 * i)); });
    return;
  }
#elif defined(BB_KERNEL_V3)
  if (stream) {
    unroll<8>([&](auto i) BB_INLINE { _mm256_stream_ps(y + 8 * i, _mm256_load_ps(from + 8 * i)); });
    return;
  }
#endif
  (void)stream;
  __builtin_memcpy(y, from, 64 * sizeof(float));
}

/// Streaming needs whole lines; makes stored lines visible at the end.
inline bool may_stream(const float* y, bool stream) {
  return stream && reinterpret_cast<size_t>(y) % 64 == 0;
}
inline void end_stream(bool stream) {
#if defined(BB_KERNEL_V4) || defined(BB_KERNEL_V3)
  if (stream) _mm_sfence();
#else
  (void)stream;
#endif
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
