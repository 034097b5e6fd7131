// Writing, checking and reading blocks of small integers with a scale.
#include "bb/parts/codecs/quantized.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "bb/parts/codecs/half.h"
#include "bb/tensor/parallel.h"

namespace bb::coding {
namespace {

using kernels::BlockScale;
using kernels::QuantizeForm;

constexpr size_t kGrain = 65536;

size_t scale_bytes(QuantizeForm form) { return form.affine ? 8 : form.short_scale ? 2 : 4; }
uint64_t code_bytes(QuantizeForm form, uint64_t n) { return form.bits == 4 ? n / 2 + n % 2 : n; }
uint8_t byte_of(QuantizeForm form) {
  return static_cast<uint8_t>((form.affine ? 1 : 0) | (form.short_scale ? 2 : 0) |
                              (form.bits == 4 ? 4 : 0));
}
QuantizeForm form_of(uint8_t byte) {
  return {.bits = static_cast<uint8_t>((byte & 4) != 0 ? 4 : 8),
          .affine = (byte & 1) != 0,
          .short_scale = (byte & 2) != 0};
}
/// Chunks of whole blocks, near kGrain values and even.
size_t grain_of(size_t block) {
  return block >= kGrain ? block + block % 2 : kGrain / block * block;
}

class Quantized final : public Coder {
 public:
  Quantized(uint8_t id, QuantizeForm form, size_t block) : id_(id), form_(form), block_(block) {}

  uint8_t id() const override { return id_; }
  size_t body_bound(size_t n) const override {
    return 11 + blocks_of(n, block_) * scale_bytes(form_) + code_bytes(form_, n);
  }

  Written write(const float* x, size_t n, const EncodeCall&, std::byte* out) const override {
    out[0] = std::byte{byte_of(form_)};
    const size_t head = 1 + put_varint(block_, out + 1);
    std::byte* scales = out + head;
    const size_t scales_size = blocks_of(n, block_) * scale_bytes(form_);
    auto* codes = reinterpret_cast<uint8_t*>(scales + scales_size);
    const bool finite =
        block_ == 0 ? write_whole(x, n, scales, codes) : write_blocks(x, n, scales, codes);
    return {head + scales_size + code_bytes(form_, n), finite};
  }

  void bound(const float* x, size_t n, float* error) const override {
    const size_t block = length_of(block_, n);
    for (size_t begin = 0; begin < n; begin += block) {
      const size_t count = std::min(block, n - begin);
      BlockScale scale;
      measure(x + begin, count, scale);
      for (size_t i = begin; i < begin + count; ++i) error[i] = bound_of(scale, x[i]);
    }
  }

 private:
  bool measure(const float* x, size_t n, BlockScale& scale) const {
    const kernels::Table& table = kernels::active();
    float low = 0;
    float high = 0;
    if (form_.affine) {
      if (!table.range(x, n, &low, &high)) return false;
    } else {
      const uint32_t most = table.abs_max_bits(x, n);
      if (most >= 0x7F800000U) return false;
      high = std::bit_cast<float>(most);
    }
    scale = table.scale_of(form_, low, high);
    return true;
  }

  bool write_whole(const float* x, size_t n, std::byte* scales, uint8_t* codes) const {
    if (n == 0) return true;
    BlockScale scale;
    if (!measure(x, n, scale)) return false;
    if (form_.affine) std::memcpy(scales, &scale.low, 4);
    std::memcpy(scales + (form_.affine ? 4 : 0), &scale.scale, 4);
    const auto quantize = kernels::active().quantize_with;
    parallel_for(n, kGrain, 5, [&](size_t begin, size_t end) {
      quantize(form_, x + begin, end - begin, scale, codes + code_bytes(form_, begin));
    });
    return true;
  }

  bool write_blocks(const float* x, size_t n, std::byte* scales, uint8_t* codes) const {
    std::atomic<bool> finite{true};
    const auto quantize = kernels::active().quantize;
    parallel_for(n, grain_of(block_), 5, [&](size_t begin, size_t end) {
      if (!quantize(form_, x + begin, end - begin, block_,
                    scales + begin / block_ * scale_bytes(form_), codes + code_bytes(form_, begin)))
        finite = false;
    });
    return finite.load();
  }

  /// Half a step, the rounding of the arithmetic, and what lies beyond the largest scale.
  float bound_of(BlockScale scale, float x) const {
    if (form_.affine) {
      const float far = 255.0F * scale.scale;
      const float most = std::max(std::fabs(scale.low), std::fabs(x)) * 0x1p-22F;
      return scale.scale > 0 ? scale.scale * (0.5F + 0x1p-12F) + std::min(most, far + most)
                             : std::fabs(x - scale.low) * (1 + 0x1p-20F);
    }
    const float levels = form_.bits == 4 ? 7.0F : 127.0F;
    const float beyond = std::fabs(x) - levels * scale.scale;
    return std::max(scale.scale * (0.5F + 0x1p-14F), beyond * (1 + 0x1p-20F));
  }

  uint8_t id_;
  QuantizeForm form_;
  size_t block_;
};

struct Body {
  QuantizeForm form;
  uint64_t block = 0;
  std::string_view scales;
  std::string_view codes;
};

Result<Body> open(std::string_view bytes, uint64_t count) {
  ByteReader in(bytes);
  const auto form = in.take(1);
  const auto block = form ? in.varint() : std::nullopt;
  if (!block) return malformed("the block length is cut short", std::to_string(bytes.size()));
  Body body{form_of(static_cast<uint8_t>((*form)[0])), *block, {}, {}};
  const uint64_t codes = code_bytes(body.form, count);
  const uint64_t width = scale_bytes(body.form);
  if (in.left() < codes || (in.left() - codes) % width != 0 ||
      (in.left() - codes) / width != blocks_of(count, *block))
    return malformed("the length of the message does not fit its count of values",
                     std::to_string(bytes.size()) + " bytes, " + std::to_string(count) + " values");
  if (body.form.bits == 4 && *block % 2 != 0)
    return malformed("blocks of 4-bit codes must have an even length", std::to_string(*block));
  body.scales = *in.take(in.left() - codes);
  body.codes = *in.take(codes);
  return body;
}

bool scale_is_legal(QuantizeForm form, std::string_view scales, size_t index) {
  if (form.affine) {
    const float low = float_at(scales, 2 * index);
    const float step = float_at(scales, 2 * index + 1);
    const double levels = form.bits == 4 ? 15 : 255;
    return std::isfinite(low) && step >= 0 &&
           static_cast<double>(low) + levels * static_cast<double>(step) <= 0x1.fffffep127;
  }
  const uint32_t most = form.bits == 4 ? kernels::kMaxScaleBits4 : kernels::kMaxScaleBits8;
  if (!form.short_scale) return std::bit_cast<uint32_t>(float_at(scales, index)) <= most;
  uint16_t half;
  std::memcpy(&half, scales.data() + 2 * index, 2);
  return (static_cast<uint32_t>(half) << 16) <= most;
}

Status check(std::string_view bytes, uint64_t count, uint8_t fixed, uint8_t mask) {
  BB_ASSIGN_OR_RETURN(const Body body, open(bytes, count));
  if ((static_cast<uint8_t>(bytes[0]) & mask) != fixed)
    return malformed("the form byte does not belong to this codec",
                     std::to_string(static_cast<uint8_t>(bytes[0])));
  for (size_t i = 0; i < body.scales.size() / scale_bytes(body.form); ++i)
    if (!scale_is_legal(body.form, body.scales, i)) return bad_scale("block " + std::to_string(i));
  return {};
}

}  // namespace

std::shared_ptr<const Coder> quantized_coder(uint8_t id, QuantizeForm form, size_t block) {
  return std::make_shared<Quantized>(id, form, block);
}

Status check_even(const std::string& name, int64_t block) {
  if (block % 2 == 0) return {};
  return make_error(Fault::kConfig, "bad_parameter", "4-bit codes lie two in a byte",
                    "block=" + std::to_string(block), "give an even block", "codecs." + name);
}

Param symmetric_param(bool fallback) {
  return {.name = "symmetric",
          .type = ParamType::kBool,
          .fallback = fallback,
          .doc = "codes around 0 with one scale; otherwise from the smallest to the largest value"};
}

Status check_int8(std::string_view body, uint64_t count, const Coder*) {
  return check(body, count, 0, 0xFE);
}
Status check_int4(std::string_view body, uint64_t count, const Coder*) {
  return check(body, count, 4, 0xFE);
}
Status check_block_q8(std::string_view body, uint64_t count, const Coder*) {
  return check(body, count, 0, 0xFD);
}

Status read_quantized(std::string_view bytes, size_t count, float* out) {
  BB_ASSIGN_OR_RETURN(const Body body, open(bytes, count));
  const size_t block = length_of(body.block, count);
  const auto dequantize = kernels::active().dequantize;
  const auto* codes = reinterpret_cast<const uint8_t*>(body.codes.data());
  const bool one = block >= count;
  parallel_for(count, one ? kGrain : grain_of(block), 5, [&](size_t begin, size_t end) {
    const size_t first = one ? 0 : begin / block;
    dequantize(body.form, body.scales.data() + first * scale_bytes(body.form),
               codes + code_bytes(body.form, begin), end - begin, block, out + begin,
               count >= kStreamFloats);
  });
  return {};
}

}  // namespace bb::coding
