// Broadcasting: turns numpy-style shapes into a few matrix-shaped kernel calls.
#pragma once

#include <array>
#include <vector>

#include "bb/tensor/tensor.h"

namespace bb::cpu {

/// Loops over the leading dimensions of a broadcast; the last two dimensions form a [rows, cols]
/// call in which operand o has row stride row_stride[o] and column step col_step[o] (0 or 1).
template <size_t N>
struct BroadcastLoop {
  size_t rows = 1, cols = 1;
  std::array<size_t, N> row_stride{}, col_step{};
  std::vector<int64_t> outer;                        ///< sizes of the looped dimensions
  std::vector<std::array<int64_t, N>> outer_stride;  ///< element strides per operand

  /// Calls body(offsets, out_offset) once per matrix, offsets in elements.
  template <class Body>
  void each(Body&& body) const {
    std::array<int64_t, N> offset{};
    std::vector<int64_t> index(outer.size(), 0);
    size_t out = 0;
    for (;;) {
      body(offset, out);
      out += rows * cols;
      size_t d = outer.size();
      for (; d-- > 0;) {
        for (size_t o = 0; o < N; ++o) offset[o] += outer_stride[d][o];
        if (++index[d] < outer[d]) break;
        for (size_t o = 0; o < N; ++o) offset[o] -= outer_stride[d][o] * outer[d];
        index[d] = 0;
      }
      if (d == static_cast<size_t>(-1)) return;
    }
  }
};

/// Plans a broadcast of N operand shapes into `out` (which they broadcast to).
template <size_t N>
BroadcastLoop<N> plan_broadcast(const std::array<const Shape*, N>& shapes, const Shape& out) {
  struct Axis {
    int64_t size;
    std::array<int64_t, N> stride;
  };
  std::vector<Axis> axes;
  std::array<int64_t, N> running;
  running.fill(1);
  for (size_t back = 0; back < out.size(); ++back) {
    Axis axis{out[out.size() - 1 - back], {}};
    for (size_t o = 0; o < N; ++o) {
      const Shape& s = *shapes[o];
      const int64_t dim = back < s.size() ? s[s.size() - 1 - back] : 1;
      axis.stride[o] = dim == 1 ? 0 : running[o];
      running[o] *= dim;
    }
    if (axis.size == 1) continue;
    if (!axes.empty()) {  // merge with the inner axis when every operand walks on seamlessly
      Axis& inner = axes.back();
      bool seamless = true;
      for (size_t o = 0; o < N; ++o)
        seamless = seamless && axis.stride[o] == inner.stride[o] * inner.size;
      if (seamless) {
        inner.size *= axis.size;
        continue;
      }
    }
    axes.push_back(axis);
  }
  BroadcastLoop<N> loop;
  if (!axes.empty()) {
    loop.cols = static_cast<size_t>(axes[0].size);
    for (size_t o = 0; o < N; ++o) loop.col_step[o] = static_cast<size_t>(axes[0].stride[o]);
  }
  if (axes.size() > 1) {
    loop.rows = static_cast<size_t>(axes[1].size);
    for (size_t o = 0; o < N; ++o) loop.row_stride[o] = static_cast<size_t>(axes[1].stride[o]);
  }
  for (size_t a = axes.size(); a-- > 2;) {
    loop.outer.push_back(axes[a].size);
    loop.outer_stride.push_back(axes[a].stride);
  }
  return loop;
}

}  // namespace bb::cpu
