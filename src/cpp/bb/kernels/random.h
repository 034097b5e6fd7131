// Contract of the Philox4x32-10 generators that fill arrays (Salmon et al. 2011).
#pragma once

#include <cstddef>
#include <cstdint>

namespace bb::kernels {

/// Block b of a call is philox(key, counter + b), where counter[0] and counter[1] form a 64-bit
/// number that is incremented (low word first) and counter[2], counter[3] stay as they are.
struct PhiloxState {
  uint32_t key[2];
  uint32_t counter[4];
};

struct RandomKernels {
  /// Standard normals by Box and Muller. Two per block: with x = w[1] * 2^32 + w[0] and
  /// y = w[3] * 2^32 + w[2], u = ((x >> 11) + 1) * 2^-53 in (0, 1], v = (y >> 11) * 2^-53 in [0,
  /// 1), r = sqrt(-2 log u): out[2b] = r cos(2 pi v), out[2b + 1] = r sin(2 pi v). An odd n drops
  /// the last.
  void (*normals_f64)(const PhiloxState& state, double* out, size_t n);
  /// The same numbers rounded to float.
  void (*normals_f32)(const PhiloxState& state, float* out, size_t n);
};

}  // namespace bb::kernels
