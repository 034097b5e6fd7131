// Philox4x32-10 blocks and Box-Muller normals for one instruction set.
#include "bb/kernels/random.h"

#include "bb/kernels/isa/elementary.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

struct Block {
  uint32_t word[4];
};

inline Block philox(const PhiloxState& state, uint64_t index) {
  const uint64_t start = (static_cast<uint64_t>(state.counter[1]) << 32 | state.counter[0]) + index;
  Block b = {{static_cast<uint32_t>(start), static_cast<uint32_t>(start >> 32), state.counter[2],
              state.counter[3]}};
  uint32_t key0 = state.key[0];
  uint32_t key1 = state.key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53U} * b.word[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57U} * b.word[2];
    b = {{static_cast<uint32_t>(p1 >> 32) ^ b.word[1] ^ key0, static_cast<uint32_t>(p1),
          static_cast<uint32_t>(p0 >> 32) ^ b.word[3] ^ key1, static_cast<uint32_t>(p0)}};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return b;
}

/// Multiplies the pair (cosine, sine) by the signs and swaps that the quadrant 0..4 asks for.
inline SineCosine turn(SineCosine x, Vec<double> quadrant) {
  const auto odd =
      choose(quadrant == set1(1.0), set1(1.0),
             choose(quadrant == set1(3.0), set1(1.0), zero<double>())) > zero<double>();
  const Vec<double> sine = choose(odd, x.cosine, x.sine);
  const Vec<double> cosine = choose(odd, x.sine, x.cosine);
  // cosine is negative in quadrants 1 and 2, sine in 2 and 3; quadrant 4 is quadrant 0.
  const Vec<double> from_two = abs_of(quadrant - set1(2.5));
  const Vec<double> from_one = abs_of(quadrant - set1(1.5));
  return {choose(from_two < set1(1.0), negate(sine), sine),
          choose(from_one < set1(1.0), negate(cosine), cosine)};
}

inline constexpr size_t kBatch = 16;  // blocks turned into 32 normals at a time

/// 2 * kBatch normals of the blocks [index, index + kBatch).
inline void normal_batch(const PhiloxState& state, uint64_t index, double (&out)[2 * kBatch]) {
  double u[kBatch];
  double v[kBatch];
  for (size_t i = 0; i < kBatch; ++i) {
    const Block b = philox(state, index + i);
    const uint64_t x = static_cast<uint64_t>(b.word[1]) << 32 | b.word[0];
    const uint64_t y = static_cast<uint64_t>(b.word[3]) << 32 | b.word[2];
    u[i] = static_cast<double>(static_cast<int64_t>((x >> 11) + 1)) * 0x1p-53;
    v[i] = static_cast<double>(static_cast<int64_t>(y >> 11)) * 0x1p-53;
  }
  double first[kBatch];
  double second[kBatch];
  for (size_t i = 0; i < kBatch; i += kWidth<double>) {
    const Vec<double> radius = sqrt_of(set1(-2.0) * log_of(load(u + i)));
    const Vec<double> turns = load(v + i) * set1(4.0);
    const Vec<double> quadrant = round_to_integer(turns);
    const Vec<double> angle = (turns - quadrant) * set1(1.5707963267948966);
    const SineCosine pair = turn(sine_cosine_of(angle), quadrant);
    save(first + i, radius * pair.cosine);
    save(second + i, radius * pair.sine);
  }
  for (size_t i = 0; i < kBatch; ++i) {
    out[2 * i] = first[i];
    out[2 * i + 1] = second[i];
  }
}

template <class T>
void normals(const PhiloxState& state, T* out, size_t n) {
  double batch[2 * kBatch];
  for (size_t begin = 0; begin < n; begin += 2 * kBatch) {
    normal_batch(state, begin / 2, batch);
    const size_t count = smaller(2 * kBatch, n - begin);
    for (size_t i = 0; i < count; ++i) out[begin + i] = static_cast<T>(batch[i]);
  }
}

}  // namespace

extern const RandomKernels random_kernels;
const RandomKernels random_kernels = {.normals_f64 = normals<double>,
                                      .normals_f32 = normals<float>};

}  // namespace bb::kernels::BB_KERNEL_ISA
