// Finding large magnitudes, packing signs, absolute sums and Philox words for one instruction set.
#include "bb/kernels/isa/codec.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <bool kSquare>
double lane_sum(const float* x, size_t n) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const double v = static_cast<double>(x[i + j]);
      lanes[j] = lanes[j] + (kSquare ? v * v : __builtin_fabs(v));
    }
  }
  for (size_t j = 0; i < n; ++i, ++j) {
    const double v = static_cast<double>(x[i]);
    lanes[j] = lanes[j] + (kSquare ? v * v : __builtin_fabs(v));
  }
  return combine_lanes(lanes);
}

/// One value at a time, for the rest of a row and for the portable table.
inline size_t above_one_by_one(const float* x, size_t begin, size_t n, uint32_t threshold,
                               uint32_t base, uint32_t* index, uint32_t* magnitude, size_t found,
                               size_t capacity) {
  for (size_t i = begin; i < n; ++i) {
    const uint32_t m = magnitude_of(x[i]);
    index[found] = base + static_cast<uint32_t>(i);
    magnitude[found] = m;
    found += m >= threshold ? 1 : 0;
    if (found > capacity) return capacity + 1;
  }
  return found;
}

}  // namespace

double codec_sum_abs(const float* x, size_t n) { return lane_sum<false>(x, n); }
double codec_sum_squares(const float* x, size_t n) { return lane_sum<true>(x, n); }

void codec_pack_signs(const float* x, size_t n, uint8_t* bits) {
  size_t i = 0;
#if defined(BB_KERNEL_V4)
  for (; i + 16 <= n; i += 16) {
    const uint16_t sixteen = static_cast<uint16_t>(_mm512_movepi32_mask(_mm512_loadu_si512(x + i)));
    __builtin_memcpy(bits + i / 8, &sixteen, 2);
  }
#elif defined(BB_KERNEL_V3)
  for (; i + 8 <= n; i += 8)
    bits[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(_mm256_loadu_ps(x + i)));
#endif
  for (; i < n; i += 8) {
    uint32_t byte = 0;
    for (size_t j = 0; j < smaller(8, n - i); ++j)
      byte |= (__builtin_bit_cast(uint32_t, x[i + j]) >> 31) << j;
    bits[i / 8] = static_cast<uint8_t>(byte);
  }
}

void codec_unpack_signs(const uint8_t* bits, size_t n, float scale, float* y) {
  const uint32_t size = __builtin_bit_cast(uint32_t, scale);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const uint32_t byte = bits[i / 8];
    for (size_t j = 0; j < 8; ++j)
      y[i + j] = __builtin_bit_cast(float, size ^ ((byte >> j & 1U) << 31));
  }
  for (size_t j = 0; i < n; ++i, ++j)
    y[i] = __builtin_bit_cast(float, size ^ ((static_cast<uint32_t>(bits[i / 8]) >> j & 1U) << 31));
}

size_t codec_above(const float* x, size_t n, uint32_t threshold, uint32_t base, uint32_t* index,
                   uint32_t* magnitude, size_t capacity) {
  size_t found = 0;
  size_t i = 0;
#if defined(BB_KERNEL_V4)
  const __m512i all_but_sign = _mm512_set1_epi32(0x7FFFFFFF);
  const __m512i least = _mm512_set1_epi32(static_cast<int32_t>(threshold));
  const __m512i step = _mm512_set1_epi32(16);
  __m512i numbers =
      _mm512_add_epi32(_mm512_set1_epi32(static_cast<int32_t>(base)),
                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (; i + 16 <= n; i += 16) {
    _mm_prefetch(reinterpret_cast<const char*>(x + i + 2048), _MM_HINT_T0);
    const __m512i m = _mm512_and_si512(_mm512_loadu_si512(x + i), all_but_sign);
    const __mmask16 large = _mm512_cmpge_epi32_mask(m, least);
    _mm512_storeu_si512(index + found, _mm512_maskz_compress_epi32(large, numbers));
    _mm512_storeu_si512(magnitude + found, _mm512_maskz_compress_epi32(large, m));
    found += static_cast<size_t>(__builtin_popcount(large));
    if (__builtin_expect(found > capacity, 0)) return capacity + 1;
    numbers = _mm512_add_epi32(numbers, step);
  }
#elif defined(BB_KERNEL_V3)
  const __m256i all_but_sign = _mm256_set1_epi32(0x7FFFFFFF);
  const __m256i below = _mm256_set1_epi32(static_cast<int32_t>(threshold) - 1);
  for (; i + 8 <= n; i += 8) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
    const __m256i large = _mm256_cmpgt_epi32(_mm256_and_si256(v, all_but_sign), below);
    unsigned mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(large)));
    if (found + 8 > capacity && mask != 0) break;  // the slow loop counts the rest
    for (; mask != 0; mask &= mask - 1) {
      const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
      index[found] = base + static_cast<uint32_t>(at);
      magnitude[found++] = magnitude_of(x[at]);
    }
  }
#endif
  return above_one_by_one(x, i, n, threshold, base, index, magnitude, found, capacity);
}

void codec_philox_words(const uint32_t* key, uint64_t first, uint32_t* out, size_t n) {
  constexpr size_t kBatch = 16;
  for (size_t begin = 0; begin < n; begin += 4 * kBatch) {
    uint32_t w0[kBatch];
    uint32_t w1[kBatch];
    uint32_t w2[kBatch] = {};
    uint32_t w3[kBatch] = {};
    for (size_t j = 0; j < kBatch; ++j) {
      const uint64_t block = first + begin / 4 + j;
      w0[j] = static_cast<uint32_t>(block);
      w1[j] = static_cast<uint32_t>(block >> 32);
    }
    uint32_t key0 = key[0];
    uint32_t key1 = key[1];
    for (int round = 0; round < 10; ++round) {
      for (size_t j = 0; j < kBatch; ++j) {
        const uint64_t p0 = uint64_t{0xD2511F53U} * w0[j];
        const uint64_t p1 = uint64_t{0xCD9E8D57U} * w2[j];
        w0[j] = static_cast<uint32_t>(p1 >> 32) ^ w1[j] ^ key0;
        w1[j] = static_cast<uint32_t>(p1);
        w2[j] = static_cast<uint32_t>(p0 >> 32) ^ w3[j] ^ key1;
        w3[j] = static_cast<uint32_t>(p0);
      }
      key0 += 0x9E3779B9U;
      key1 += 0xBB67AE85U;
    }
    uint32_t words[4 * kBatch];
    for (size_t j = 0; j < kBatch; ++j) {
      words[4 * j] = w0[j];
      words[4 * j + 1] = w1[j];
      words[4 * j + 2] = w2[j];
      words[4 * j + 3] = w3[j];
    }
    __builtin_memcpy(out + begin, words, smaller(4 * kBatch, n - begin) * sizeof(uint32_t));
  }
}

}  // namespace bb::kernels::BB_KERNEL_ISA
