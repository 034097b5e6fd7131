// Quantizing to 8 and 4 bits by blocks, and back, for one instruction set.
//
// Everything works on 64 values at a time; a shorter rest goes through a padded copy, so that no
// code depends on the register width.
#include "bb/kernels/isa/codec.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

inline constexpr size_t kStep = 64;

/// What a value is multiplied by to become a code: code = (x / 2 - low_half) * inverse.
struct Codebook {
  float inverse;   ///< 1 / scale (symmetric), 2 / scale (affine), 0 for a constant block
  float low_half;  ///< affine only
};

inline Codebook codebook_of(QuantizeForm form, BlockScale scale) {
  if (!(scale.scale > 0)) return {0, 0};
  return {(form.affine ? 2.0F : 1.0F) / scale.scale, 0.5F * scale.low};
}

/// Rounds to the nearest integer, ties to even, for |v| < 2^22.
inline int32_t nearest_integer(float v) {
  constexpr float kMagic = 12582912.0F;  // 1.5 * 2^23: its last place is 1
  return __builtin_bit_cast(int32_t, v + kMagic) - __builtin_bit_cast(int32_t, kMagic);
}

inline int32_t clamp_to(int32_t q, int32_t low, int32_t high) {
  return q < low ? low : q > high ? high : q;
}

/// One code per byte for 64 values.
template <bool kAffine>
inline void codes_64(const float* x, Codebook book, int32_t low, int32_t high, uint8_t* codes) {
  for (size_t i = 0; i < kStep; ++i) {
    const float v = kAffine ? (0.5F * x[i] - book.low_half) * book.inverse : x[i] * book.inverse;
    codes[i] = static_cast<uint8_t>(clamp_to(nearest_integer(v), low, high));
  }
}

inline void pack_64(const uint8_t* codes, uint8_t offset, uint8_t* packed) {
  for (size_t i = 0; i < kStep / 2; ++i) {
    const unsigned first = (codes[2 * i] + offset) & 15U;
    const unsigned second = (codes[2 * i + 1] + offset) & 15U;
    packed[i] = static_cast<uint8_t>(first | second << 4);
  }
}

template <bool kAffine, bool kFour>
inline void encode_64(const float* x, Codebook book, uint8_t* codes) {
  if constexpr (kFour) {
    uint8_t wide[kStep];
    codes_64<kAffine>(x, book, kAffine ? 0 : -8, kAffine ? 15 : 7, wide);
    pack_64(wide, kAffine ? 0 : 8, codes);
  } else {
    codes_64<kAffine>(x, book, kAffine ? 0 : -128, kAffine ? 255 : 127, codes);
  }
}

template <bool kAffine, bool kFour>
inline void encode_run(const float* x, size_t n, Codebook book, uint8_t* codes) {
  size_t i = 0;
  for (; i + kStep <= n; i += kStep)
    encode_64<kAffine, kFour>(x + i, book, codes + (kFour ? i / 2 : i));
  if (i == n) return;
  float rest[kStep] = {};
  uint8_t made[kStep];
  __builtin_memcpy(rest, x + i, (n - i) * sizeof(float));
  encode_64<kAffine, kFour>(rest, book, made);
  size_t bytes = n - i;
  if constexpr (kFour) {
    if ((n - i) % 2 != 0) made[(n - i) / 2] &= 15U;  // the unused half is 0
    bytes = (n - i + 1) / 2;
  }
  __builtin_memcpy(codes + (kFour ? i / 2 : i), made, bytes);
}

template <bool kAffine, bool kFour>
inline void values_64(const uint8_t* codes, BlockScale scale, float* y) {
  uint8_t unpacked[kStep];
  if constexpr (kFour) {
    for (size_t i = 0; i < kStep / 2; ++i) {
      unpacked[2 * i] = codes[i] & 15U;
      unpacked[2 * i + 1] = static_cast<uint8_t>(codes[i] >> 4);
    }
    codes = unpacked;
  }
  for (size_t i = 0; i < kStep; ++i) {
    if constexpr (kAffine) {
      y[i] = __builtin_fmaf(static_cast<float>(codes[i]), scale.scale, scale.low);
    } else {
      const int32_t q = kFour ? static_cast<int32_t>(codes[i]) - 8 : static_cast<int8_t>(codes[i]);
      y[i] = static_cast<float>(q) * scale.scale;
    }
  }
}

template <bool kAffine, bool kFour>
inline void decode_run(const uint8_t* codes, size_t n, BlockScale scale, float* y, bool stream) {
  alignas(64) float made[kStep];
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    values_64<kAffine, kFour>(codes + (kFour ? i / 2 : i), scale, made);
    store_64(made, y + i, stream);
  }
  if (i == n) return;
  uint8_t rest[kStep] = {};
  __builtin_memcpy(rest, codes + (kFour ? i / 2 : i), kFour ? (n - i + 1) / 2 : n - i);
  values_64<kAffine, kFour>(rest, scale, made);
  __builtin_memcpy(y + i, made, (n - i) * sizeof(float));
}

inline BlockScale symmetric_scale(bool four, bool short_scale, float largest) {
  uint32_t bits = __builtin_bit_cast(uint32_t, largest / (four ? 7.0F : 127.0F));
  if (bits < 0x00800000U) return {0, 0};  // below the normal numbers
  if (short_scale) bits = (bits + 0xFFFFU) & 0xFFFF0000U;
  const uint32_t most = four ? kMaxScaleBits4 : kMaxScaleBits8;
  return {0, __builtin_bit_cast(float, bits < most ? bits : most)};
}

inline BlockScale affine_scale(bool four, float low, float high) {
  const double levels = four ? 15.0 : 255.0;
  const double range = static_cast<double>(high) - static_cast<double>(low);
  float step = static_cast<float>(range / levels);
  if (!(step >= kMinAffineStep)) return {low, 0};
  // The largest code must not decode to an infinity.
  while (static_cast<double>(low) + levels * static_cast<double>(step) > 0x1.fffffep127)
    step = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, step) - 1);
  return {low, step};
}

template <bool kAffine>
inline void save_scale(bool short_scale, BlockScale scale, size_t index, void* scales) {
  char* out = static_cast<char*>(scales);
  if constexpr (kAffine) {
    __builtin_memcpy(out + index * 8, &scale.low, 4);
    __builtin_memcpy(out + index * 8 + 4, &scale.scale, 4);
  } else if (short_scale) {
    const uint16_t half = static_cast<uint16_t>(__builtin_bit_cast(uint32_t, scale.scale) >> 16);
    __builtin_memcpy(out + index * 2, &half, 2);
  } else {
    __builtin_memcpy(out + index * 4, &scale.scale, 4);
  }
}

template <bool kAffine>
inline BlockScale load_scale(bool short_scale, const void* scales, size_t index) {
  const char* in = static_cast<const char*>(scales);
  BlockScale scale;
  if constexpr (kAffine) {
    __builtin_memcpy(&scale.low, in + index * 8, 4);
    __builtin_memcpy(&scale.scale, in + index * 8 + 4, 4);
  } else if (short_scale) {
    uint16_t half;
    __builtin_memcpy(&half, in + index * 2, 2);
    scale.scale = __builtin_bit_cast(float, static_cast<uint32_t>(half) << 16);
  } else {
    __builtin_memcpy(&scale.scale, in + index * 4, 4);
  }
  return scale;
}

inline uint32_t abs_max_run(const float* x, size_t n) {
  uint32_t lanes[kStep] = {};
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    for (size_t j = 0; j < kStep; ++j) {
      const uint32_t m = magnitude_of(x[i + j]);
      lanes[j] = m > lanes[j] ? m : lanes[j];
    }
  }
  for (; i < n; ++i) {
    const uint32_t m = magnitude_of(x[i]);
    lanes[0] = m > lanes[0] ? m : lanes[0];
  }
  uint32_t most = 0;
  for (const uint32_t lane : lanes) most = lane > most ? lane : most;
  return most;
}

template <bool kAffine>
inline bool measure(QuantizeForm form, const float* x, size_t n, BlockScale& scale) {
  if constexpr (kAffine) {
    float low = 0;
    float high = 0;
    if (!codec_range(x, n, &low, &high)) return false;
    scale = affine_scale(form.bits == 4, low, high);
  } else {
    const uint32_t most = abs_max_run(x, n);
    if (most >= kNotFinite) return false;
    scale = symmetric_scale(form.bits == 4, form.short_scale, __builtin_bit_cast(float, most));
  }
  return true;
}

template <bool kAffine, bool kFour>
bool quantize(QuantizeForm form, const float* x, size_t n, size_t block, void* scales,
              uint8_t* codes) {
  size_t index = 0;
  for (size_t begin = 0; begin < n; begin += block, ++index) {
    const size_t count = smaller(block, n - begin);
    BlockScale scale;
    if (!measure<kAffine>(form, x + begin, count, scale)) return false;
    save_scale<kAffine>(form.short_scale, scale, index, scales);
    encode_run<kAffine, kFour>(x + begin, count, codebook_of(form, scale),
                               codes + (kFour ? begin / 2 : begin));
  }
  return true;
}

template <bool kAffine, bool kFour>
void dequantize(QuantizeForm form, const void* scales, const uint8_t* codes, size_t n, size_t block,
                float* y, bool stream) {
  const bool lines = may_stream(y, stream) && block % 16 == 0;
  size_t index = 0;
  for (size_t begin = 0; begin < n; begin += block, ++index) {
    decode_run<kAffine, kFour>(codes + (kFour ? begin / 2 : begin), smaller(block, n - begin),
                               load_scale<kAffine>(form.short_scale, scales, index), y + begin,
                               lines);
  }
  end_stream(lines);
}

}  // namespace

uint32_t codec_abs_max_bits(const float* x, size_t n) { return abs_max_run(x, n); }

bool codec_range(const float* x, size_t n, float* low, float* high) {
  if (n == 0) {
    *low = *high = 0;
    return true;
  }
  // Floats order as integers once the magnitude bits of the negative ones are flipped.
  constexpr size_t kWide = 32;
  int32_t least[kWide];
  int32_t most[kWide];
  const auto key = [](float v) BB_INLINE {
    const int32_t bits = __builtin_bit_cast(int32_t, v);
    return bits ^ ((bits >> 31) & 0x7FFFFFFF);
  };
  for (size_t j = 0; j < kWide; ++j) least[j] = most[j] = key(x[0]);
  size_t i = 0;
  for (; i + kWide <= n; i += kWide) {
    for (size_t j = 0; j < kWide; ++j) {
      const int32_t k = key(x[i + j]);
      least[j] = k < least[j] ? k : least[j];
      most[j] = k > most[j] ? k : most[j];
    }
  }
  for (; i < n; ++i) {
    const int32_t k = key(x[i]);
    least[0] = k < least[0] ? k : least[0];
    most[0] = k > most[0] ? k : most[0];
  }
  for (size_t j = 1; j < kWide; ++j) {
    least[0] = least[j] < least[0] ? least[j] : least[0];
    most[0] = most[j] > most[0] ? most[j] : most[0];
  }
  const auto value = [](int32_t k) BB_INLINE {
    return __builtin_bit_cast(float, k ^ ((k >> 31) & 0x7FFFFFFF));
  };
  *low = value(least[0]);
  *high = value(most[0]);
  return magnitude_of(*low) < kNotFinite && magnitude_of(*high) < kNotFinite;
}

BlockScale codec_scale_of(QuantizeForm form, float low, float high) {
  return form.affine ? affine_scale(form.bits == 4, low, high)
                     : symmetric_scale(form.bits == 4, form.short_scale, high);
}

bool codec_quantize(QuantizeForm form, const float* x, size_t n, size_t block, void* scales,
                    uint8_t* codes) {
  if (form.affine) {
    return form.bits == 4 ? quantize<true, true>(form, x, n, block, scales, codes)
                          : quantize<true, false>(form, x, n, block, scales, codes);
  }
  return form.bits == 4 ? quantize<false, true>(form, x, n, block, scales, codes)
                        : quantize<false, false>(form, x, n, block, scales, codes);
}

void codec_quantize_with(QuantizeForm form, const float* x, size_t n, BlockScale scale,
                         uint8_t* codes) {
  const Codebook book = codebook_of(form, scale);
  if (form.affine) {
    form.bits == 4 ? encode_run<true, true>(x, n, book, codes)
                   : encode_run<true, false>(x, n, book, codes);
  } else {
    form.bits == 4 ? encode_run<false, true>(x, n, book, codes)
                   : encode_run<false, false>(x, n, book, codes);
  }
}

void codec_dequantize(QuantizeForm form, const void* scales, const uint8_t* codes, size_t n,
                      size_t block, float* y, bool stream) {
  if (form.affine) {
    form.bits == 4 ? dequantize<true, true>(form, scales, codes, n, block, y, stream)
                   : dequantize<true, false>(form, scales, codes, n, block, y, stream);
  } else {
    form.bits == 4 ? dequantize<false, true>(form, scales, codes, n, block, y, stream)
                   : dequantize<false, false>(form, scales, codes, n, block, y, stream);
  }
}

}  // namespace bb::kernels::BB_KERNEL_ISA
