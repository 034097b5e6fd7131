// The codec ids of the wire and their readers, and small helpers shared by the codec files.
#pragma once

#include <algorithm>

#include "bb/kernels/table.h"
#include "bb/parts/codecs/coder.h"

namespace bb::coding {

enum : uint8_t {
  kRaw = 1,
  kFp16 = 2,
  kBf16 = 3,
  kInt8 = 4,
  kInt4 = 5,
  kBlockQ8 = 6,
  kQsgd = 7,
  kSignNorm = 8,
  kTernary = 9,
  kTopK = 10,
  kRandomK = 11,
};

Status check_raw(std::string_view body, uint64_t count, const Coder* inner);
Status read_raw(std::string_view body, size_t count, float* out);
Status check_half(std::string_view body, uint64_t count, const Coder* inner);
Status read_fp16(std::string_view body, size_t count, float* out);
Status read_bf16(std::string_view body, size_t count, float* out);
Status check_int8(std::string_view body, uint64_t count, const Coder* inner);
Status check_int4(std::string_view body, uint64_t count, const Coder* inner);
Status check_block_q8(std::string_view body, uint64_t count, const Coder* inner);
Status read_quantized(std::string_view body, size_t count, float* out);
Status check_qsgd(std::string_view body, uint64_t count, const Coder* inner);
Status read_qsgd(std::string_view body, size_t count, float* out);
Status check_sign_norm(std::string_view body, uint64_t count, const Coder* inner);
Status read_sign_norm(std::string_view body, size_t count, float* out);
Status check_ternary(std::string_view body, uint64_t count, const Coder* inner);
Status read_ternary(std::string_view body, size_t count, float* out);
Status check_top_k(std::string_view body, uint64_t count, const Coder* inner);
Status read_top_k(std::string_view body, size_t count, float* out);
Status check_random_k(std::string_view body, uint64_t count, const Coder* inner);
Status read_random_k(std::string_view body, size_t count, float* out);

std::shared_ptr<const Coder> raw_coder();

/// Exactly `head` bytes and `width` bytes per value, in arithmetic that cannot overflow.
Status require_size(std::string_view body, uint64_t count, uint64_t width, uint64_t head);
/// Blocks of `block` values (0 = one block) in n values.
inline uint64_t blocks_of(uint64_t n, uint64_t block) {
  return n == 0 ? 0 : block == 0 ? 1 : (n - 1) / block + 1;
}
inline size_t length_of(uint64_t block, size_t n) {
  return block == 0 || block > n ? std::max<size_t>(n, 1) : static_cast<size_t>(block);
}

/// Scales of blocks after a varint block length: what sign_norm, ternary and qsgd begin with.
struct BlockBody {
  uint64_t block = 0;
  std::string_view scales;  ///< one float per block
  std::string_view codes;
};
/// Errors: codec_malformed, codec_bad_scale (a scale below 0, above `most`, or not a number).
Result<BlockBody> open_blocks(std::string_view body, uint64_t count, uint64_t code_bytes,
                              float most);
float float_at(std::string_view bytes, size_t index);

/// Random words of one message: key from (seed, lane, message); word i belongs to value i.
struct Draws {
  uint32_t key[2];
};
Draws draws_of(int64_t seed, const EncodeCall& call, std::string_view purpose);
/// Uniform in [0, 1) from the upper 24 bits of a word.
inline float unit_of(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24F; }

/// The `k` values at `index` (ascending) of a sparse message, written as `inner` writes them.
Param block_param(int64_t fallback, std::string doc);
Param seed_param();

}  // namespace bb::coding
