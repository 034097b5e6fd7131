// Contract of the codec kernels: scales and codes, half precision, signs, selection, random words.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bb::kernels {

/// How numbers become small integers, block by block.
///
/// Symmetric: x is close to q * scale with |q| <= 127 (8 bits, stored as a signed byte) or |q| <= 7
/// (4 bits, stored as q + 8). Affine: x is close to low + q * scale with q in 0..255 or 0..15. Four
/// bit codes lie two in a byte, the earlier one in the low half.
struct QuantizeForm {
  uint8_t bits = 8;          ///< 8 or 4
  bool affine = false;       ///< scales are pairs (low, scale); else one scale per block
  bool short_scale = false;  ///< a symmetric scale is the upper half of a float, rounded up
};

/// Scale of a block: `low` is 0 in the symmetric form. A scale of 0 makes every value `low`.
struct BlockScale {
  float low = 0;
  float scale = 0;
};

/// Largest legal symmetric scale: 128 (or 8) times it is still finite.
inline constexpr uint32_t kMaxScaleBits8 = 0x7BFF0000U;
inline constexpr uint32_t kMaxScaleBits4 = 0x7DFF0000U;
/// Affine blocks whose step would be below this become constant: subnormals would blur the codes.
inline constexpr float kMinAffineStep = 0x1p-110F;

struct CodecKernels {
  /// The largest |x| as the bits of a float; 0x7F800000 or more when any value is not finite.
  uint32_t (*abs_max_bits)(const float* x, size_t n);
  /// Smallest and largest value (0 and 0 for n = 0); false, without a result, when any value is not
  /// finite.
  bool (*range)(const float* x, size_t n, float* low, float* high);

  /// The scale of one block from its largest magnitude (symmetric) or its range (affine).
  BlockScale (*scale_of)(QuantizeForm form, float low, float high);
  /// Scale and codes of every block of `block` values; the last may be shorter. With 4 bits, block
  /// is even. `scales` is an array of float, of uint16_t (short_scale) or of pairs of float,
  /// `codes` n bytes or (n + 1) / 2; neither need be aligned. False when any value is not finite.
  bool (*quantize)(QuantizeForm form, const float* x, size_t n, size_t block, void* scales,
                   uint8_t* codes);
  /// Codes of n values under one given scale.
  void (*quantize_with)(QuantizeForm form, const float* x, size_t n, BlockScale scale,
                        uint8_t* codes);
  /// The values of codes; the inverse of quantize. With `stream`, results that nobody reads soon
  /// bypass the caches.
  void (*dequantize)(QuantizeForm form, const void* scales, const uint8_t* codes, size_t n,
                     size_t block, float* y, bool stream);

  /// Rounds to IEEE binary16, ties to even; values beyond 65504 become 65504. Returns what
  /// abs_max_bits would; the result is meaningless for values that are not finite. y may be
  /// unaligned.
  uint32_t (*to_f16)(const float* x, size_t n, void* y);
  void (*from_f16)(const void* x, size_t n, float* y, bool stream);
  /// Rounds to bfloat16, ties to even; values that would become infinite keep the largest finite
  /// one. Otherwise as to_f16.
  uint32_t (*to_bf16)(const float* x, size_t n, void* y);
  void (*from_bf16)(const void* x, size_t n, float* y, bool stream);

  /// Bit i of byte i / 8, counted from the lowest, is the sign bit of x[i]; unused bits are 0.
  void (*pack_signs)(const float* x, size_t n, uint8_t* bits);
  /// y[i] = -scale where the bit is set, else scale.
  void (*unpack_signs)(const uint8_t* bits, size_t n, float scale, float* y);
  /// Sums of |x| and of x² in double: 16 lanes over the index modulo 16, combined by halves.
  double (*sum_abs)(const float* x, size_t n);
  double (*sum_squares)(const float* x, size_t n);

  /// Writes index and magnitude bits of every value whose magnitude bits reach `threshold`, in
  /// order; the indices count from `base`. Both outputs hold `capacity` + 16 entries. Returns how
  /// many were found, or stops with capacity + 1 when there are more than `capacity`.
  size_t (*above)(const float* x, size_t n, uint32_t threshold, uint32_t base, uint32_t* index,
                  uint32_t* magnitude, size_t capacity);

  /// Words of Philox4x32-10: out[4b + w] is word w of the block with counter (first + b as 64 bits,
  /// 0, 0). n is any number of words.
  void (*philox_words)(const uint32_t* key, uint64_t first, uint32_t* out, size_t n);
};

}  // namespace bb::kernels
