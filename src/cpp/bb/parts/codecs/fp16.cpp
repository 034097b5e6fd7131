// fp16: IEEE binary16.
#include <atomic>
#include <cmath>

#include "bb/parts/codecs/half.h"
#include "bb/tensor/parallel.h"

namespace bb::coding {
namespace {

constexpr size_t kGrain = 65536;
constexpr float kMost = 65504.0F;

class Fp16 final : public Coder {
 public:
  uint8_t id() const override { return kFp16; }
  size_t body_bound(size_t n) const override { return 2 * n; }
  Written write(const float* x, size_t n, const EncodeCall&, std::byte* out) const override {
    return write_halves(kernels::active().to_f16, x, n, out);
  }
  /// Half a unit in the last place: 2^-11 of the value, 2^-25 for small ones.
  void bound(const float* x, size_t n, float* error) const override {
    for (size_t i = 0; i < n; ++i) {
      const float size = std::fabs(x[i]);
      error[i] =
          size > kMost ? (size - kMost) * (1 + 0x1p-20F) : std::max(size * 0x1p-11F, 0x1p-25F);
    }
  }
};

}  // namespace

Written write_halves(Narrow narrow, const float* x, size_t n, std::byte* out) {
  std::atomic<bool> finite{true};
  parallel_for(n, kGrain, 6, [&](size_t begin, size_t end) {
    if (narrow(x + begin, end - begin, out + 2 * begin) >= 0x7F800000U) finite = false;
  });
  return {2 * n, finite.load()};
}

Status check_half(std::string_view body, uint64_t count, const Coder*) {
  return require_size(body, count, 2, 0);
}
Status read_fp16(std::string_view body, size_t count, float* out) {
  const auto widen = kernels::active().from_f16;
  parallel_for(count, kGrain, 6, [&](size_t begin, size_t end) {
    widen(body.data() + 2 * begin, end - begin, out + begin, count >= kStreamFloats);
  });
  return {};
}

Part<Codec> part_fp16() {
  Descriptor info;
  info.name = "fp16";
  info.summary = "IEEE half precision: 11 significant bits, values up to 65504.";
  info.formula = "round to binary16, ties to even; larger magnitudes become 65504";
  info.paper = "IEEE Std 754-2019, binary16";
  info.cost = "2 bytes per value";
  info.properties = {"dense"};
  info.extra["error_bound"] = "max(2^-11 |x|, 2^-25); |x| - 65504 beyond";
  return coder_part(std::move(info), true,
                    [](const Config&) -> Result<std::shared_ptr<const Coder>> {
                      return std::shared_ptr<const Coder>(std::make_shared<Fp16>());
                    });
}

}  // namespace bb::coding
