// A slow, obvious evaluator of ai.onnx functions in float64: the oracle of the gradient tests.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "bb/ir/graph.h"
#include "compiler/reference_array.h"

namespace bb::reference {

using Values = std::map<std::string, Array>;

/// One node with the arrays of its inputs at hand.
struct Call {
  const ir::Node& node;
  const Values& values;

  bool has(size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  const Array& in(size_t i) const { return values.at(node.inputs[i]); }
  int64_t axis(int64_t fallback, int64_t rank) const {
    const int64_t axis = node.int_attr("axis", fallback);
    return axis < 0 ? axis + rank : axis;
  }
  /// Axes of input `i`, counted from the front of `rank`; all when absent.
  Index axes(size_t i, int64_t rank) const {
    Index out(static_cast<size_t>(rank));
    std::iota(out.begin(), out.end(), 0);
    if (!has(i)) return out;
    out = in(i).integers();
    for (int64_t& axis : out) axis += axis < 0 ? rank : 0;
    std::sort(out.begin(), out.end());
    return out;
  }
};
using Operator = std::function<std::vector<Array>(const Call&)>;

inline bool holds(const Index& list, int64_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Elementwise.

inline Operator unary(const std::function<double(double)>& f) {
  return [f](const Call& call) -> std::vector<Array> {
    Array out = call.in(0);
    for (double& value : out.values) value = f(value);
    return {out};
  };
}

inline Array fold(const Call& call, const std::function<double(double, double)>& f) {
  Array out = call.in(0);
  for (size_t i = 1; i < call.node.inputs.size(); ++i) {
    BB_CHECK(out.dtype == call.in(i).dtype);
    const Array left = out;
    out = make(out.dtype, broadcast_shape(left.shape, call.in(i).shape), [&](const Index& at) {
      return f(left.broadcast_at(at), call.in(i).broadcast_at(at));
    });
  }
  return out;
}

inline Operator binary(const std::function<double(double, double)>& f) {
  return [f](const Call& call) -> std::vector<Array> { return {fold(call, f)}; };
}

inline Operator compare(const std::function<bool(double, double)>& f) {
  return [f](const Call& call) -> std::vector<Array> {
    Array out = fold(call, f);
    out.dtype = DType::kBool;
    return {out};
  };
}

inline std::vector<Array> where(const Call& call) {
  BB_CHECK(call.in(0).dtype == DType::kBool && call.in(1).dtype == call.in(2).dtype);
  const Shape shape =
      broadcast_shape(call.in(0).shape, broadcast_shape(call.in(1).shape, call.in(2).shape));
  return {make(call.in(1).dtype, shape, [&](const Index& at) {
    return call.in(call.in(0).broadcast_at(at) != 0 ? 1 : 2).broadcast_at(at);
  })};
}

inline std::vector<Array> cast(const Call& call) {
  Array out = call.in(0);
  out.dtype = static_cast<DType>(call.node.int_attr("to", 0));
  if (out.dtype != DType::kF32 && out.dtype != DType::kF64)
    for (double& value : out.values)
      value = out.dtype == DType::kBool ? value != 0 : std::trunc(value);
  return {out};
}

// Products.

inline Array product(const Array& a, const Array& b) {
  const Shape batch = broadcast_shape(Shape(a.shape.begin(), a.shape.end() - 2),
                                      Shape(b.shape.begin(), b.shape.end() - 2));
  Shape shape = batch;
  shape.push_back(a.shape[a.shape.size() - 2]);
  shape.push_back(b.shape.back());
  BB_CHECK(a.dtype == b.dtype && a.shape.back() == b.shape[b.shape.size() - 2]);
  return make(a.dtype, shape, [&](const Index& at) {
    double sum = 0;
    for (int64_t k = 0; k < a.shape.back(); ++k) {
      Index left = at, right = at;
      left.back() = k;
      right[right.size() - 2] = k;
      // Only batch axes broadcast: a matrix axis of size 1 has only the index 0.
      sum += a.broadcast_at(left) * b.broadcast_at(right);
    }
    return sum;
  });
}

inline std::vector<Array> matmul(const Call& call) {
  Array a = call.in(0), b = call.in(1);
  const bool row = a.rank() == 1, column = b.rank() == 1;
  if (row) a.shape.insert(a.shape.begin(), 1);
  if (column) b.shape.push_back(1);
  Array out = product(a, b);
  if (column) out.shape.pop_back();
  if (row) out.shape.erase(out.shape.end() - (column ? 1 : 2));
  return {out};
}

inline Array transposed(const Array& x, const Index& perm) {
  Shape shape;
  for (const int64_t axis : perm) shape.push_back(x.shape[static_cast<size_t>(axis)]);
  return make(x.dtype, shape, [&](const Index& at) {
    Index from(at.size());
    for (size_t k = 0; k < at.size(); ++k) from[static_cast<size_t>(perm[k])] = at[k];
    return x.at(from);
  });
}

inline std::vector<Array> gemm(const Call& call) {
  const auto oriented = [&](size_t i, const char* key) {
    BB_CHECK(call.in(i).rank() == 2);
    return call.node.int_attr(key, 0) ? transposed(call.in(i), {1, 0}) : call.in(i);
  };
  Array out = product(oriented(0, "transA"), oriented(1, "transB"));
  const double alpha = call.node.float_attr("alpha", 1), beta = call.node.float_attr("beta", 1);
  return {make(out.dtype, out.shape, [&](const Index& at) {
    return alpha * out.at(at) + (call.has(2) ? beta * call.in(2).broadcast_at(at) : 0);
  })};
}

// Reductions.

/// Elements of x grouped by their place in the reduced array, each group in row-major order.
inline Array reduced(const Call& call, const std::function<double(std::span<const double>)>& f) {
  const Array& x = call.in(0);
  Index axes = call.has(1) ? call.axes(1, x.rank()) : Index{};
  if (axes.empty()) {
    if (call.node.int_attr("noop_with_empty_axes", 0)) return x;
    for (int64_t axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  }
  Shape kept = x.shape;
  for (const int64_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
  Array out = Array::filled(x.dtype, kept, 0);
  std::vector<std::vector<double>> groups(out.size());
  each_index(x.shape, [&](const Index& at) {
    Index to = at;
    for (const int64_t axis : axes) to[static_cast<size_t>(axis)] = 0;
    groups[out.place(to)].push_back(x.at(at));
  });
  for (size_t k = 0; k < groups.size(); ++k) out.values[k] = f(groups[k]);
  if (call.node.int_attr("keepdims", 1)) return out;
  Shape shape;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (!holds(axes, axis)) shape.push_back(x.shape[static_cast<size_t>(axis)]);
  out.shape = shape;
  return out;
}

inline double sum_of(std::span<const double> v) { return std::accumulate(v.begin(), v.end(), 0.0); }

inline Operator reduction(const std::function<double(std::span<const double>)>& f) {
  return [f](const Call& call) -> std::vector<Array> { return {reduced(call, f)}; };
}

inline Array log_softmax(const Array& x, int64_t axis) {
  return make(x.dtype, x.shape, [&](const Index& at) {
    double total = 0;
    Index other = at;
    for (int64_t k = 0; k < x.shape[static_cast<size_t>(axis)]; ++k) {
      other[static_cast<size_t>(axis)] = k;
      total += std::exp(x.at(other) - x.at(at));
    }
    return -std::log(total);
  });
}

inline std::vector<Array> softmax(const Call& call) {
  Array out = log_softmax(call.in(0), call.axis(-1, call.in(0).rank()));
  if (call.node.op == "Softmax")
    for (double& value : out.values) value = std::exp(value);
  return {out};
}

inline std::vector<Array> cross_entropy(const Call& call) {
  const Array& labels = call.in(1);
  const Array p = log_softmax(call.in(0), 1);
  Array losses = Array::filled(p.dtype, labels.shape, 0);
  double total_weight = 0;
  each_index(labels.shape, [&](const Index& at) {
    const auto label = static_cast<int64_t>(labels.at(at));
    if (call.node.attr("ignore_index") && label == call.node.int_attr("ignore_index", 0)) return;
    const double weight = call.has(2) ? call.in(2).at({label}) : 1;
    Index from = at;
    from.insert(from.begin() + 1, label);
    losses.at(at) = -weight * p.at(from);
    total_weight += weight;
  });
  const std::string reduction = call.node.string_attr("reduction", "mean");
  if (reduction == "none") return {losses, p};
  const double sum = sum_of(losses.values);
  return {Array::filled(p.dtype, {}, reduction == "mean" ? sum / total_weight : sum), p};
}

inline std::vector<Array> arg_max(const Call& call) {
  const Array& x = call.in(0);
  const auto axis = static_cast<size_t>(call.axis(0, x.rank()));
  Shape shape = x.shape;
  shape[axis] = 1;
  Array out = make(DType::kI64, shape, [&](const Index& at) {
    Index other = at, best = at;
    for (other[axis] = 0; other[axis] < x.shape[axis]; ++other[axis])
      if (x.at(other) > x.at(best)) best = other;
    return static_cast<double>(best[axis]);
  });
  if (!call.node.int_attr("keepdims", 1))
    out.shape.erase(out.shape.begin() + static_cast<long>(axis));
  return {out};
}

}  // namespace bb::reference
