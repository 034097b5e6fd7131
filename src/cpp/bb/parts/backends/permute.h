// Permutation: copies a tensor with its axes in another order.
#pragma once

#include <cstddef>
#include <vector>

#include "bb/tensor/tensor.h"

namespace bb::cpu {

/// A planned transposition of a row-major tensor.
class Permutation {
 public:
  /// Output axis i is input axis perm[i].
  Permutation(const Shape& shape, const std::vector<size_t>& perm, size_t element_size);
  /// Moves one axis to the end and keeps the others in order.
  static Permutation axis_last(const Shape& shape, size_t axis, size_t element_size);
  /// The inverse of axis_last: the last axis goes back to `axis` of `shape`.
  static Permutation axis_back(const Shape& shape, size_t axis, size_t element_size);
  bool identity() const { return identity_; }
  void run(const std::byte* in, std::byte* out) const;

 private:
  size_t element_;
  bool identity_;
  size_t count_;
  std::vector<int64_t> size_;    ///< output dimensions, merged where they stay adjacent
  std::vector<int64_t> stride_;  ///< input stride of each, in elements
};

}  // namespace bb::cpu
