// How a random graph grows by one operator: one recipe per operator that has a gradient, or stops
// one.
#pragma once

#include "compiler/random_graph.h"

namespace bb::reference {

/// Adds the operator to the graph; false when no value fits.
using Recipe = bool (*)(RandomGraph& graph, const std::string& op);

inline bool grow_unary(RandomGraph& g, const std::string& op) {
  g.offer(g.node(op, {g.pick()}));
  return true;
}

inline bool grow_positive(RandomGraph& g, const std::string& op) {
  g.offer(g.node(op, {g.positive(g.pick())}));
  return true;
}

inline bool grow_binary(RandomGraph& g, const std::string& op) {
  const std::string a = g.pick();
  std::string b = g.pick_compatible(a);
  if (op == "Div") b = g.positive(b);
  g.offer(g.node(op, {a, b}));
  return true;
}

inline bool grow_variadic(RandomGraph& g, const std::string& op) {
  std::vector<std::string> operands = {g.pick()};
  for (int64_t more = g.below(3); more > 0; --more)
    operands.push_back(g.chance() ? operands[0] : g.pick_compatible(operands[0]));
  if (operands.size() == 3 && g.dims(operands[1]) != g.dims(operands[2])) operands.pop_back();
  g.offer(g.node(op, operands));
  return true;
}

inline bool grow_pow(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick();
  const bool row = g.rank(x) > 0 && g.dims(x).back().value == 4;
  std::string exponent = g.constant({}, {g.one_of<double>({0, 1, 2, 3})});
  std::string base = x;
  if (g.chance()) {
    base = g.positive(x);
    exponent = row ? g.constant({4}, {0, -1, 0.5, 2}) : g.constant({}, {g.uniform(-2, 2)});
  }
  g.offer(g.node(op, {base, exponent}));
  return true;
}

inline ir::Type like(std::vector<ir::Dim> dims) {
  return ir::Type::tensor(DType::kF64, std::move(dims));
}
inline ir::Dim number(int64_t value) { return {value, {}}; }

inline bool grow_matmul(RandomGraph& g, const std::string& op) {
  const std::string a = g.pick_rank(1);
  const std::vector<ir::Dim> dims = g.dims(a);
  if (!g.stated(dims)) return false;
  const ir::Dim n = number(g.one_of<int64_t>({1, 2, 3}));
  if (g.chance()) {
    std::vector<ir::Dim> right = {dims.back()};
    if (g.below(4) > 0) right.push_back(n);
    if (right.size() == 2 && g.below(3) == 0)
      right.insert(right.begin(), dims.size() == 3 && g.chance() ? dims[0] : number(1));
    if (right.size() == 3 && dims.size() < 3 && g.chance()) right[0] = number(2);
    g.offer(g.node(op, {a, g.input(like(right), -0.7, 0.7)}));
    return true;
  }
  std::vector<ir::Dim> left = {dims.size() == 1 ? dims[0] : dims[dims.size() - 2]};
  if (g.below(4) > 0) left.insert(left.begin(), n);
  if (left.size() == 2 && g.below(3) == 0)
    left.insert(left.begin(), dims.size() == 3 && g.chance() ? dims[0] : number(1));
  g.offer(g.node(op, {g.input(like(left), -0.7, 0.7), a}));
  return true;
}

inline bool grow_gemm(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(2, 2);
  if (x.empty() || !g.stated(g.dims(x))) return false;
  const bool left = g.chance(), trans_a = g.chance(), trans_b = g.chance();
  // x is A (left) or B; k is the axis summed over, kept the other one.
  const bool k_first = left ? trans_a : !trans_b;
  const ir::Dim k = g.dims(x)[k_first ? 0 : 1], kept = g.dims(x)[k_first ? 1 : 0];
  const ir::Dim n = number(g.one_of<int64_t>({2, 3}));
  const bool other_k_first = left ? !trans_b : trans_a;
  const std::string other = g.input(other_k_first ? like({k, n}) : like({n, k}), -0.7, 0.7);
  std::map<std::string, ir::Attr> attrs;
  if (g.chance()) attrs["alpha"] = 0.5;
  if (g.chance()) attrs["beta"] = 2.0;
  if (trans_a) attrs["transA"] = int64_t{1};
  if (trans_b) attrs["transB"] = int64_t{1};
  std::vector<std::string> operands = left ? std::vector{x, other} : std::vector{other, x};
  const ir::Dim rows = left ? kept : n, columns = left ? n : kept;
  const auto bias = g.one_of<std::vector<ir::Dim>>(
      {{columns}, {number(1)}, {rows, number(1)}, {rows, columns}, {}, {number(1), columns}});
  if (g.below(4) > 0) operands.push_back(g.input(like(bias), -1, 1));
  g.offer(g.node(op, operands, attrs));
  return true;
}

inline int64_t any_axis(RandomGraph& g, int64_t rank) { return g.below(2 * rank) - rank; }

inline bool grow_softmax(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  if (g.chance())
    g.offer(g.node(op, {x}));
  else
    g.offer(g.node(op, {x}, {{"axis", any_axis(g, g.rank(x))}}));
  return true;
}

inline Index some_axes(RandomGraph& g, int64_t rank) {
  Index axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (g.chance()) axes.push_back(g.chance() ? axis : axis - rank);
  return axes;
}

inline bool grow_reduce(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick();
  std::map<std::string, ir::Attr> attrs;
  if (g.chance()) attrs["keepdims"] = int64_t{0};
  if (g.below(4) == 0) attrs["noop_with_empty_axes"] = int64_t{1};
  std::vector<std::string> operands = {x};
  if (g.below(5) > 0) operands.push_back(g.ints(some_axes(g, g.rank(x))));
  g.offer(g.node(op, operands, attrs));
  return true;
}

inline bool grow_transpose(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  Index perm(static_cast<size_t>(g.rank(x)));
  std::iota(perm.begin(), perm.end(), 0);
  for (size_t k = perm.size(); k > 1; --k)
    std::swap(perm[k - 1], perm[static_cast<size_t>(g.below(static_cast<int64_t>(k)))]);
  if (g.chance())
    g.offer(g.node(op, {x}));
  else
    g.offer(g.node(op, {x}, {{"perm", perm}}));
  return true;
}

inline bool grow_reshape(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  const ir::Dim last = g.dims(x).back();
  Index target = {-1};
  if (last.known() && g.chance()) target = {-1, last.value};
  if (g.rank(x) > 1 && g.chance()) target = {0, -1};
  if (last.value == 4 && g.chance()) target = {-1, 2, 2};
  g.offer(g.node(op, {x, g.ints(target)}));
  return true;
}

inline bool grow_flatten(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  g.offer(g.node(op, {x}, {{"axis", any_axis(g, g.rank(x))}}));
  return true;
}

inline bool grow_squeeze(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick();
  const int64_t axis = any_axis(g, g.rank(x) + 1);
  const std::string wide = g.node("Unsqueeze", {x, g.ints({axis})});
  const std::string y = g.node("Relu", {wide});
  g.offer(g.node(op, {y, g.ints({axis})}));
  return true;
}

inline bool grow_unsqueeze(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(0, 2);
  if (g.rank(x) == 0 || g.chance())
    g.offer(g.node(op, {x, g.ints({any_axis(g, g.rank(x) + 1)})}));
  else
    g.offer(g.node(op, {x, g.ints({g.rank(x) == 1 ? 2 : -1, 0})}));
  return true;
}

inline bool grow_concat(RandomGraph& g, const std::string& op) {
  const std::string a = g.pick_rank(1);
  const int64_t axis = any_axis(g, g.rank(a));
  const auto index = static_cast<size_t>(axis < 0 ? axis + g.rank(a) : axis);
  std::vector<std::string> parts = {a};
  std::vector<ir::Dim> dims = g.dims(a);
  dims[index] = number(2);
  if (g.stated(dims) && g.chance()) parts.push_back(g.input(like(dims), -1, 1));
  if (g.chance() || parts.size() == 1) parts.push_back(a);
  if (g.chance()) std::swap(parts[0], parts.back());
  g.offer(g.node(op, parts, {{"axis", axis}}));
  return true;
}

inline bool grow_slice(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  Index axes = some_axes(g, g.rank(x)), starts, ends, steps;
  if (axes.empty()) axes = {0};
  for (size_t j = 0; j < axes.size(); ++j) {
    const bool forward = g.below(3) > 0;
    starts.push_back(forward ? g.one_of<int64_t>({0, 0, 1, -2, -100})
                             : g.one_of<int64_t>({100, -1, 2}));
    ends.push_back(forward ? g.one_of<int64_t>({2, 3, 100, -1}) : g.one_of<int64_t>({-100, 0}));
    steps.push_back((forward ? 1 : -1) * g.one_of<int64_t>({1, 1, 2, 3}));
  }
  std::string start = g.ints(starts);
  ir::Type declared;
  if (g.below(4) == 0) {
    start = g.input(ir::Type::tensor(DType::kI64, Shape{static_cast<int64_t>(axes.size())}), 0, 2);
    for (int64_t& end : ends) end = 100;
    for (int64_t& step : steps) step = std::abs(step);
    std::vector<ir::Dim> dims = g.dims(x);
    for (const int64_t axis : axes)
      dims[static_cast<size_t>(axis < 0 ? axis + g.rank(x) : axis)] = {
          -1, start + std::to_string(axis + 9)};
    declared = like(dims);
  }
  std::vector<std::string> operands = {x, start, g.ints(ends), g.ints(axes), g.ints(steps)};
  const bool plain = std::all_of(steps.begin(), steps.end(), [](int64_t s) { return s == 1; });
  if (plain) operands.pop_back();
  g.offer(g.node(op, operands, {}, 1, declared));
  return true;
}

inline bool grow_gather(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  const int64_t axis = any_axis(g, g.rank(x));
  const ir::Dim total = g.dims(x)[static_cast<size_t>(axis < 0 ? axis + g.rank(x) : axis)];
  const double most = total.known() ? static_cast<double>(total.value) : 2;
  if (most == 0) return false;
  std::string indices;
  if (g.chance())
    indices =
        g.input(g.one_of<std::string>({"int64[]", "int64[3]", "int64[N]", "int64[2,2]"}), 0, most);
  else if (g.chance())
    indices = g.node("Constant", {}, {{"value", Tensor::scalar<int64_t>(g.below(2) - 1)}});
  else
    indices = g.ints({0, g.below(static_cast<int64_t>(most)), -1});
  g.offer(g.node(op, {x, indices}, {{"axis", axis}}));
  return true;
}

inline bool grow_where(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick();
  const std::string y = g.pick_compatible(x);
  const std::string z = g.chance() ? x : y;
  const std::string test = g.node(g.one_of<std::string>({"Greater", "Less"}),
                                  {z, g.constant({}, {g.uniform(-0.5, 0.5)})});
  g.offer(g.node(op, {test, x, y}));
  return true;
}

inline bool grow_cast(RandomGraph& g, const std::string& op) {
  const std::string x = g.node(op, {g.pick()}, {{"to", static_cast<int64_t>(DType::kF32)}});
  const std::string y = g.node("Tanh", {x});
  g.offer(g.node(op, {y}, {{"to", static_cast<int64_t>(DType::kF64)}}));
  return true;
}

inline bool grow_expand(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick(
      [&](const std::string& name) { return g.rank(name) < 3 || g.dims(name)[0].value == 1; });
  if (x.empty()) return false;
  Index target(static_cast<size_t>(g.rank(x)), 1);
  for (size_t k = 0; k < target.size(); ++k)
    if (g.dims(x)[k].value == 1 && g.chance()) target[k] = 3;
  if (g.rank(x) < 3 && g.chance()) target.insert(target.begin(), g.one_of<int64_t>({1, 2}));
  g.offer(g.node(op, {x, g.ints(target)}));
  return true;
}

inline bool grow_loss(RandomGraph& g, const std::string& op) {
  std::string x = g.pick_rank(2);
  if (x.empty()) return false;
  if (!g.stated(g.dims(x)) || !g.dims(x)[1].known() || g.dims(x)[1].value < 2)
    x = g.function().inputs[0];
  std::vector<ir::Dim> dims = g.dims(x);
  const int64_t classes = dims[1].value;
  dims.erase(dims.begin() + 1);
  const std::string labels =
      g.input(ir::Type::tensor(DType::kI64, dims), 0, static_cast<double>(classes));
  std::vector<std::string> operands = {x, labels};
  std::map<std::string, ir::Attr> attrs;
  const auto reduction = g.one_of<std::string>({"mean", "mean", "sum", "none"});
  if (reduction != "mean" || g.chance()) attrs["reduction"] = reduction;
  if (g.below(4) == 0) {
    std::vector<double> weights;
    for (int64_t k = 0; k < classes; ++k) weights.push_back(g.uniform(0.5, 2));
    operands.push_back(g.constant({classes}, weights));
  }
  const Array& drawn = g.value(labels);
  const bool varied = std::any_of(drawn.values.begin(), drawn.values.end(),
                                  [&](double label) { return label != drawn.values[0]; });
  if (varied && g.below(4) == 0) attrs["ignore_index"] = static_cast<int64_t>(drawn.values[0]);
  const int outputs = g.chance() ? 2 : 1;
  const std::string loss = g.node(op, operands, attrs, outputs);
  g.offer(loss);
  if (outputs == 2 && g.chance()) g.offer(loss + "_b");
  return true;
}

/// Values without gradient that go on into float arithmetic.
inline bool grow_stop(RandomGraph& g, const std::string& op) {
  const std::string x = g.pick_rank(1);
  std::string y;
  if (op == "ArgMax")
    y = g.node(op, {x}, {{"axis", any_axis(g, g.rank(x))}});
  else if (op == "Shape")
    y = g.node(op, {x});
  else
    y = g.node(op, {x, g.pick_compatible(x)});
  g.offer(g.node("Cast", {y}, {{"to", static_cast<int64_t>(DType::kF64)}}));
  return true;
}

inline const std::vector<std::pair<std::string, Recipe>>& recipes() {
  static const std::vector<std::pair<std::string, Recipe>> table = {
      {"Abs", grow_unary},
      {"Add", grow_binary},
      {"ArgMax", grow_stop},
      {"Cast", grow_cast},
      {"Concat", grow_concat},
      {"Div", grow_binary},
      {"Equal", grow_stop},
      {"Exp", grow_unary},
      {"Expand", grow_expand},
      {"Flatten", grow_flatten},
      {"Gather", grow_gather},
      {"Gemm", grow_gemm},
      {"Greater", grow_stop},
      {"Identity", grow_unary},
      {"Less", grow_stop},
      {"Log", grow_positive},
      {"LogSoftmax", grow_softmax},
      {"MatMul", grow_matmul},
      {"Max", grow_variadic},
      {"Min", grow_variadic},
      {"Mul", grow_binary},
      {"Neg", grow_unary},
      {"Pow", grow_pow},
      {"ReduceMax", grow_reduce},
      {"ReduceMean", grow_reduce},
      {"ReduceSum", grow_reduce},
      {"Relu", grow_unary},
      {"Reshape", grow_reshape},
      {"Shape", grow_stop},
      {"Sigmoid", grow_unary},
      {"Slice", grow_slice},
      {"Softmax", grow_softmax},
      {"SoftmaxCrossEntropyLoss", grow_loss},
      {"Sqrt", grow_positive},
      {"Squeeze", grow_squeeze},
      {"Sub", grow_binary},
      {"Sum", grow_variadic},
      {"Tanh", grow_unary},
      {"Transpose", grow_transpose},
      {"Unsqueeze", grow_unsqueeze},
      {"Where", grow_where}};
  return table;
}

}  // namespace bb::reference
