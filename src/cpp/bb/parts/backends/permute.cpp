// Permutation: plans merged strides and copies element by element along the innermost axis.
#include "bb/parts/backends/permute.h"

#include <cstring>

namespace bb::cpu {
namespace {

template <class Bits>
void copy_strided(const std::byte* in, std::byte* out, int64_t n, int64_t stride) {
  const Bits* from = reinterpret_cast<const Bits*>(in);
  Bits* to = reinterpret_cast<Bits*>(out);
  for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
}

}  // namespace

Permutation::Permutation(const Shape& shape, const std::vector<size_t>& perm, size_t element_size)
    : element_(element_size), count_(static_cast<size_t>(element_count(shape))) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  for (size_t axis : perm) {
    if (shape[axis] == 1) continue;
    if (!size_.empty() && stride_.back() == strides[axis] * shape[axis]) {
      size_.back() *= shape[axis];
      stride_.back() = strides[axis];
    } else {
      size_.push_back(shape[axis]);
      stride_.push_back(strides[axis]);
    }
  }
  if (size_.empty()) {
    size_.push_back(1);
    stride_.push_back(1);
  }
  identity_ = size_.size() == 1 && stride_[0] == 1;
}

Permutation Permutation::axis_last(const Shape& shape, size_t axis, size_t element_size) {
  std::vector<size_t> perm;
  for (size_t i = 0; i < shape.size(); ++i)
    if (i != axis) perm.push_back(i);
  perm.push_back(axis);
  return Permutation(shape, perm, element_size);
}

Permutation Permutation::axis_back(const Shape& shape, size_t axis, size_t element_size) {
  Shape moved;
  for (size_t i = 0; i < shape.size(); ++i)
    if (i != axis) moved.push_back(shape[i]);
  moved.push_back(shape[axis]);
  std::vector<size_t> perm;
  for (size_t i = 0; i + 1 < shape.size(); ++i) perm.push_back(i);
  perm.insert(perm.begin() + static_cast<std::ptrdiff_t>(axis), shape.size() - 1);
  return Permutation(moved, perm, element_size);
}

void Permutation::run(const std::byte* in, std::byte* out) const {
  if (count_ == 0) return;
  if (identity_) {
    std::memcpy(out, in, count_ * element_);
    return;
  }
  const size_t inner = size_.size() - 1;
  std::vector<int64_t> index(inner, 0);
  const size_t row_bytes = static_cast<size_t>(size_[inner]) * element_;
  int64_t offset = 0;
  for (size_t done = 0; done < count_ * element_; done += row_bytes) {
    const std::byte* from = in + static_cast<size_t>(offset) * element_;
    if (stride_[inner] == 1) {
      std::memcpy(out + done, from, row_bytes);
    } else if (element_ == 4) {
      copy_strided<uint32_t>(from, out + done, size_[inner], stride_[inner]);
    } else if (element_ == 8) {
      copy_strided<uint64_t>(from, out + done, size_[inner], stride_[inner]);
    } else {
      copy_strided<uint8_t>(from, out + done, size_[inner], stride_[inner]);
    }
    for (size_t d = inner; d-- > 0;) {
      offset += stride_[d];
      if (++index[d] < size_[d]) break;
      offset -= stride_[d] * size_[d];
      index[d] = 0;
    }
  }
}

}  // namespace bb::cpu
