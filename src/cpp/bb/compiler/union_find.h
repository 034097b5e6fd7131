// UnionFind: disjoint sets over small integers.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace bb::compiler {

class UnionFind {
 public:
  explicit UnionFind(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t root(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  /// Joins two sets; the smaller root stays, so the result does not depend on the order of joins.
  size_t join(size_t a, size_t b) {
    a = root(a);
    b = root(b);
    if (b < a) std::swap(a, b);
    return parent_[b] = a;
  }

 private:
  std::vector<size_t> parent_;
};

}  // namespace bb::compiler
