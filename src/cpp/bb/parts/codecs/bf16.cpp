// bf16: the upper half of a float, rounded.
#include <cmath>

#include "bb/parts/codecs/half.h"
#include "bb/tensor/parallel.h"

namespace bb::coding {
namespace {

constexpr float kMost = 0x1.FEp127F;

class Bf16 final : public Coder {
 public:
  uint8_t id() const override { return kBf16; }
  size_t body_bound(size_t n) const override { return 2 * n; }
  Written write(const float* x, size_t n, const EncodeCall&, std::byte* out) const override {
    return write_halves(kernels::active().to_bf16, x, n, out);
  }
  void bound(const float* x, size_t n, float* error) const override {
    for (size_t i = 0; i < n; ++i) {
      const float size = std::fabs(x[i]);
      error[i] =
          size > kMost ? (size - kMost) * (1 + 0x1p-20F) : std::max(size * 0x1p-8F, 0x1p-126F);
    }
  }
};

}  // namespace

Status read_bf16(std::string_view body, size_t count, float* out) {
  const auto widen = kernels::active().from_bf16;
  parallel_for(count, 65536, 6, [&](size_t begin, size_t end) {
    widen(body.data() + 2 * begin, end - begin, out + begin, count >= kStreamFloats);
  });
  return {};
}

Part<Codec> part_bf16() {
  Descriptor info;
  info.name = "bf16";
  info.summary = "bfloat16: the range of float32 with 8 significant bits.";
  info.formula = "round to the upper 16 bits, ties to even; never to an infinity";
  info.paper = "Kalamkar et al.: A Study of BFLOAT16 for Deep Learning Training, 2019";
  info.cost = "2 bytes per value";
  info.properties = {"dense"};
  info.extra["error_bound"] = "max(2^-8 |x|, 2^-126)";
  return coder_part(std::move(info), true,
                    [](const Config&) -> Result<std::shared_ptr<const Coder>> {
                      return std::shared_ptr<const Coder>(std::make_shared<Bf16>());
                    });
}

}  // namespace bb::coding
