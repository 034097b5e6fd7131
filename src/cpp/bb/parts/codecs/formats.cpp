// The table of codec ids, and helpers shared by the codec files.
#include "bb/parts/codecs/formats.h"

#include <cstring>

namespace bb::coding {
namespace {

constexpr Format kFormats[] = {
    {kRaw, "raw", false, check_raw, read_raw},
    {kFp16, "fp16", false, check_half, read_fp16},
    {kBf16, "bf16", false, check_half, read_bf16},
    {kInt8, "int8", false, check_int8, read_quantized},
    {kInt4, "int4", false, check_int4, read_quantized},
    {kBlockQ8, "block_q8", false, check_block_q8, read_quantized},
    {kQsgd, "qsgd", false, check_qsgd, read_qsgd},
    {kSignNorm, "sign_norm", false, check_sign_norm, read_sign_norm},
    {kTernary, "ternary", false, check_ternary, read_ternary},
    {kTopK, "top_k", true, check_top_k, read_top_k},
    {kRandomK, "random_k", true, check_random_k, read_random_k},
};

}  // namespace

const Format* format_of(uint8_t id) {
  for (const Format& format : kFormats)
    if (format.id == id) return &format;
  return nullptr;
}

Status require_size(std::string_view body, uint64_t count, uint64_t width, uint64_t head) {
  if (body.size() >= head && (body.size() - head) % width == 0 &&
      (body.size() - head) / width == count)
    return {};
  return malformed("the length of the message does not fit its count of values",
                   std::to_string(body.size()) + " bytes, " + std::to_string(count) + " values");
}

float float_at(std::string_view bytes, size_t index) {
  float out;
  std::memcpy(&out, bytes.data() + 4 * index, 4);
  return out;
}

Result<BlockBody> open_blocks(std::string_view body, uint64_t count, uint64_t code_bytes,
                              float most) {
  ByteReader in(body);
  BlockBody out;
  const auto block = in.varint();
  if (!block) return malformed("the block length is cut short", "");
  out.block = *block;
  const uint64_t blocks = blocks_of(count, *block);
  if (in.left() < code_bytes || (in.left() - code_bytes) % 4 != 0 ||
      (in.left() - code_bytes) / 4 != blocks)
    return malformed("the length of the message does not fit its count of values",
                     std::to_string(body.size()) + " bytes, " + std::to_string(count) + " values");
  out.scales = *in.take(4 * blocks);
  out.codes = *in.take(code_bytes);
  for (size_t i = 0; i < blocks; ++i) {
    const float scale = float_at(out.scales, i);
    if (!(scale >= 0 && scale <= most)) return bad_scale(std::to_string(scale));
  }
  return out;
}

Draws draws_of(int64_t seed, const EncodeCall& call, std::string_view purpose) {
  Stream stream(static_cast<uint64_t>(seed), purpose, call.lane, call.message);
  return {{stream.next_u32(), stream.next_u32()}};
}

Param block_param(int64_t fallback, std::string doc) {
  return {.name = "block",
          .type = ParamType::kInt,
          .fallback = fallback,
          .doc = std::move(doc),
          .min = 0,
          .max = 1048576};
}

Param seed_param() {
  return {.name = "seed",
          .type = ParamType::kInt,
          .fallback = 0,
          .doc = "seed of the random draws; each message and sender draws anew",
          .min = 0,
          .max = 9e15};
}

}  // namespace bb::coding
