// Arrays of doubles with obvious indexing, for the reference evaluator.
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "bb/tensor/tensor.h"

namespace bb::reference {

using Index = std::vector<int64_t>;

/// A dense row-major array; every dtype is held in doubles, integers exactly, floats unrounded.
struct Array {
  DType dtype = DType::kF64;
  Shape shape;
  std::vector<double> values;

  static Array filled(DType dtype, Shape shape, double value) {
    const auto count = static_cast<size_t>(element_count(shape));
    return {dtype, std::move(shape), std::vector<double>(count, value)};
  }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  size_t size() const { return values.size(); }

  size_t place(const Index& index) const {
    BB_CHECK(index.size() == shape.size());
    int64_t flat = 0;
    for (size_t k = 0; k < shape.size(); ++k) {
      BB_CHECK(index[k] >= 0 && index[k] < shape[k]);
      flat = flat * shape[k] + index[k];
    }
    return static_cast<size_t>(flat);
  }
  double& at(const Index& index) { return values[place(index)]; }
  double at(const Index& index) const { return values[place(index)]; }
  /// The element a larger, broadcast index refers to.
  double broadcast_at(const Index& index) const {
    Index own(index.end() - rank(), index.end());
    for (size_t k = 0; k < own.size(); ++k)
      if (shape[k] == 1) own[k] = 0;
    return at(own);
  }
  std::vector<int64_t> integers() const { return {values.begin(), values.end()}; }
};

template <class T>
std::vector<double> as_doubles(const Tensor& tensor) {
  const auto view = tensor.view<T>();
  return {view.begin(), view.end()};
}

inline Array array_of(const Tensor& tensor) {
  Array out{tensor.dtype(), tensor.shape(), {}};
  switch (tensor.dtype()) {
    case DType::kF32:
      out.values = as_doubles<float>(tensor);
      break;
    case DType::kF64:
      out.values = as_doubles<double>(tensor);
      break;
    case DType::kI32:
      out.values = as_doubles<int32_t>(tensor);
      break;
    case DType::kI64:
      out.values = as_doubles<int64_t>(tensor);
      break;
    case DType::kU8:
    case DType::kBool:
      out.values = as_doubles<uint8_t>(tensor);
      break;
    case DType::kUndefined:
      break;
  }
  return out;
}

/// Calls `visit` with every index of `shape`, in row-major order.
inline void each_index(const Shape& shape, const std::function<void(const Index&)>& visit) {
  if (element_count(shape) == 0) return;
  Index index(shape.size(), 0);
  for (;;) {
    visit(index);
    size_t k = shape.size();
    while (k > 0 && ++index[k - 1] == shape[k - 1]) index[--k] = 0;
    if (k == 0) return;
  }
}

inline Array make(DType dtype, const Shape& shape,
                  const std::function<double(const Index&)>& value) {
  Array out = Array::filled(dtype, shape, 0);
  each_index(shape, [&](const Index& index) { out.at(index) = value(index); });
  return out;
}

inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out = a.size() > b.size() ? a : b;
  const Shape& other = a.size() > b.size() ? b : a;
  for (size_t k = 0; k < other.size(); ++k) {
    int64_t& dim = out[out.size() - other.size() + k];
    BB_CHECK(dim == other[k] || dim == 1 || other[k] == 1);
    if (dim == 1) dim = other[k];
  }
  return out;
}

}  // namespace bb::reference
