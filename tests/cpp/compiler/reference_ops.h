// The rest of the reference evaluator: shapes, indices, the operator table and the loop over nodes.
#pragma once

#include "compiler/reference_eval.h"

namespace bb::reference {

inline std::vector<Array> constant(const Call& call) {
  return {array_of(std::get<Tensor>(*call.node.attr("value")))};
}

inline std::vector<Array> constant_of_shape(const Call& call) {
  const ir::Attr* attr = call.node.attr("value");
  const Array value = attr ? array_of(std::get<Tensor>(*attr)) : Array::filled(DType::kF32, {1}, 0);
  return {Array::filled(value.dtype, call.in(0).integers(), value.values[0])};
}

inline Array vector_of(const Index& numbers) {
  return {DType::kI64,
          {static_cast<int64_t>(numbers.size())},
          std::vector<double>(numbers.begin(), numbers.end())};
}

inline std::vector<Array> shape_of(const Call& call) {
  const Shape& shape = call.in(0).shape;
  const int64_t rank = call.in(0).rank();
  const auto clamp = [&](int64_t at) {
    return std::clamp(at < 0 ? at + rank : at, int64_t{0}, rank);
  };
  const int64_t start = clamp(call.node.int_attr("start", 0));
  const int64_t end = clamp(call.node.int_attr("end", rank));
  return {vector_of(Index(shape.begin() + start, shape.begin() + std::max(start, end)))};
}

inline std::vector<Array> reshaped(Array x, Shape shape) {
  x.shape = std::move(shape);
  BB_CHECK(element_count(x.shape) == static_cast<int64_t>(x.values.size()));
  return {x};
}

inline std::vector<Array> reshape(const Call& call) {
  Shape shape = call.in(1).integers();
  int64_t known = 1;
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == 0) shape[k] = call.in(0).shape[k];
    if (shape[k] > 0) known *= shape[k];
  }
  for (int64_t& dim : shape)
    if (dim == -1) dim = static_cast<int64_t>(call.in(0).size()) / known;
  return reshaped(call.in(0), shape);
}

inline std::vector<Array> flatten(const Call& call) {
  const Shape& shape = call.in(0).shape;
  const auto split = shape.begin() + call.axis(1, call.in(0).rank());
  return reshaped(call.in(0), {element_count(Shape(shape.begin(), split)),
                               element_count(Shape(split, shape.end()))});
}

inline std::vector<Array> squeeze(const Call& call) {
  const Shape& from = call.in(0).shape;
  const Index axes = call.axes(1, call.in(0).rank());
  Shape shape;
  for (size_t k = 0; k < from.size(); ++k) {
    const bool drop = call.has(1) ? holds(axes, static_cast<int64_t>(k)) : from[k] == 1;
    if (!drop) shape.push_back(from[k]);
  }
  return reshaped(call.in(0), shape);
}

inline std::vector<Array> unsqueeze(const Call& call) {
  const auto added = static_cast<int64_t>(call.in(1).size());
  Shape shape = call.in(0).shape;
  for (const int64_t axis : call.axes(1, call.in(0).rank() + added))
    shape.insert(shape.begin() + axis, 1);
  return reshaped(call.in(0), shape);
}

inline std::vector<Array> transpose(const Call& call) {
  Index perm = call.node.ints_attr("perm");
  for (int64_t axis = call.in(0).rank(); perm.size() < call.in(0).shape.size();)
    perm.push_back(--axis);
  return {transposed(call.in(0), perm)};
}

inline std::vector<Array> expand(const Call& call) {
  const Array& x = call.in(0);
  return {make(x.dtype, broadcast_shape(x.shape, call.in(1).integers()),
               [&](const Index& at) { return x.broadcast_at(at); })};
}

inline std::vector<Array> concat(const Call& call) {
  const auto axis = static_cast<size_t>(call.axis(0, call.in(0).rank()));
  Shape shape = call.in(0).shape;
  shape[axis] = 0;
  for (const std::string& name : call.node.inputs) shape[axis] += call.values.at(name).shape[axis];
  return {make(call.in(0).dtype, shape, [&](const Index& at) {
    Index from = at;
    for (size_t i = 0;; ++i) {
      const Array& part = call.in(i);
      BB_CHECK(part.dtype == call.in(0).dtype);
      if (from[axis] < part.shape[axis]) return part.at(from);
      from[axis] -= part.shape[axis];
    }
  })};
}

inline std::vector<Array> slice(const Call& call) {
  const Array& x = call.in(0);
  const Index starts = call.in(1).integers(), ends = call.in(2).integers();
  Index axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (call.has(3)) axes = call.in(3).integers();
  if (call.has(4)) steps = call.in(4).integers();
  std::vector<Index> taken(x.shape.size());
  for (size_t k = 0; k < taken.size(); ++k)
    for (int64_t at = 0; at < x.shape[k]; ++at) taken[k].push_back(at);
  for (size_t j = 0; j < axes.size(); ++j) {
    const auto axis = static_cast<size_t>(axes[j] < 0 ? axes[j] + x.rank() : axes[j]);
    const int64_t n = x.shape[axis];
    int64_t start = starts[j] < 0 ? starts[j] + n : starts[j];
    int64_t end = ends[j] < 0 ? ends[j] + n : ends[j];
    taken[axis].clear();
    if (steps[j] > 0)
      for (int64_t at = std::clamp(start, int64_t{0}, n); at < std::min(end, n); at += steps[j])
        taken[axis].push_back(at);
    else
      for (int64_t at = std::min(start, n - 1); at > std::max(end, int64_t{-1}); at += steps[j])
        taken[axis].push_back(at);
  }
  Shape shape;
  for (const Index& positions : taken) shape.push_back(static_cast<int64_t>(positions.size()));
  return {make(x.dtype, shape, [&](const Index& at) {
    Index from = at;
    for (size_t k = 0; k < from.size(); ++k) from[k] = taken[k][static_cast<size_t>(at[k])];
    return x.at(from);
  })};
}

inline std::vector<Array> gather(const Call& call) {
  const Array& x = call.in(0);
  const Array& indices = call.in(1);
  const int64_t axis = call.axis(0, x.rank());
  Shape shape(x.shape.begin(), x.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + axis + 1, x.shape.end());
  return {make(x.dtype, shape, [&](const Index& at) {
    const auto middle = at.begin() + axis;
    auto row = static_cast<int64_t>(indices.at(Index(middle, middle + indices.rank())));
    if (row < 0) row += x.shape[static_cast<size_t>(axis)];
    Index from(at.begin(), middle);
    from.push_back(row);
    from.insert(from.end(), middle + indices.rank(), at.end());
    return x.at(from);
  })};
}

inline std::vector<Array> scatter_nd(const Call& call) {
  Array out = call.in(0);
  const Array& indices = call.in(1);
  const Array& updates = call.in(2);
  BB_CHECK(call.node.string_attr("reduction") == "add" && indices.dtype == DType::kI64);
  const int64_t depth = indices.shape.back();
  each_index(updates.shape, [&](const Index& at) {
    const auto split = at.begin() + indices.rank() - 1;
    Index to;
    for (int64_t k = 0; k < depth; ++k) {
      Index which(at.begin(), split);
      which.push_back(k);
      const auto row = static_cast<int64_t>(indices.at(which));
      to.push_back(row < 0 ? row + out.shape[static_cast<size_t>(k)] : row);
    }
    to.insert(to.end(), split, at.end());
    out.at(to) += updates.at(at);
  });
  return {out};
}

inline std::vector<Array> one_hot(const Call& call) {
  const Array& indices = call.in(0);
  const auto depth = static_cast<int64_t>(call.in(1).values[0]);
  const int64_t axis = call.axis(-1, indices.rank() + 1);
  Shape shape = indices.shape;
  shape.insert(shape.begin() + axis, depth);
  return {make(call.in(2).dtype, shape, [&](const Index& at) {
    Index from = at;
    from.erase(from.begin() + axis);
    return call.in(2).values[indices.at(from) == at[static_cast<size_t>(axis)] ? 1 : 0];
  })};
}

inline std::vector<Array> range(const Call& call) {
  Index numbers;
  const auto start = static_cast<int64_t>(call.in(0).values[0]);
  const auto step = static_cast<int64_t>(call.in(2).values[0]);
  for (int64_t at = start; at < static_cast<int64_t>(call.in(1).values[0]); at += step)
    numbers.push_back(at);
  return {vector_of(numbers)};
}

inline const std::map<std::string, Operator>& operators() {
  static const std::map<std::string, Operator> table = {
      {"Abs", unary([](double x) { return std::abs(x); })},
      {"Add", binary([](double a, double b) { return a + b; })},
      {"ArgMax", arg_max},
      {"Cast", cast},
      {"Concat", concat},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"Div", binary([](double a, double b) { return a / b; })},
      {"Equal", compare([](double a, double b) { return a == b; })},
      {"Exp", unary([](double x) { return std::exp(x); })},
      {"Expand", expand},
      {"Flatten", flatten},
      {"Gather", gather},
      {"Gemm", gemm},
      {"Greater", compare([](double a, double b) { return a > b; })},
      {"Identity", unary([](double x) { return x; })},
      {"Less", compare([](double a, double b) { return a < b; })},
      {"Log", unary([](double x) { return std::log(x); })},
      {"LogSoftmax", softmax},
      {"MatMul", matmul},
      {"Max", binary([](double a, double b) { return std::max(a, b); })},
      {"Min", binary([](double a, double b) { return std::min(a, b); })},
      {"Mul", binary([](double a, double b) { return a * b; })},
      {"Neg", unary([](double x) { return -x; })},
      {"OneHot", one_hot},
      {"Pow", binary([](double a, double b) { return std::pow(a, b); })},
      {"Range", range},
      {"ReduceMax", reduction([](auto v) { return *std::max_element(v.begin(), v.end()); })},
      {"ReduceMean", reduction([](auto v) { return sum_of(v) / static_cast<double>(v.size()); })},
      {"ReduceSum", reduction(sum_of)},
      {"Relu", unary([](double x) { return std::max(x, 0.0); })},
      {"Reshape", reshape},
      {"ScatterND", scatter_nd},
      {"Shape", shape_of},
      {"Sigmoid", unary([](double x) { return 1 / (1 + std::exp(-x)); })},
      {"Slice", slice},
      {"Softmax", softmax},
      {"SoftmaxCrossEntropyLoss", cross_entropy},
      {"Sqrt", unary([](double x) { return std::sqrt(x); })},
      {"Squeeze", squeeze},
      {"Sub", binary([](double a, double b) { return a - b; })},
      {"Sum", binary([](double a, double b) { return a + b; })},
      {"Tanh", unary([](double x) { return std::tanh(x); })},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
      {"Where", where}};
  return table;
}

/// Adds the outputs of one node to `values`.
inline void run_node(const ir::Node& node, Values& values) {
  const std::vector<Array> outputs = operators().at(node.op)({node, values});
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty()) values[node.outputs[i]] = outputs.at(i);
}

/// All values of the function, given those of its inputs.
inline Values run(const ir::Function& function, Values values) {
  for (const ir::Node& node : function.nodes) run_node(node, values);
  return values;
}

}  // namespace bb::reference
