// The shape half of Writer: sizes known late, zeros, reductions and changes of shape.
#include <algorithm>

#include "bb/compiler/gradient_writer.h"
#include "bb/ir/dims.h"

namespace bb::compiler {
namespace {

bool contains(const Ints& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

ir::Dim number(int64_t value) { return {.value = value, .symbol = {}}; }

/// Whether one Shape node can read both.
bool follows(const DimSource& a, const DimSource& b) {
  return a.value == b.value && b.axis == a.axis + 1;
}

template <class T>
Tensor vector_of(const std::vector<T>& values) {
  return Tensor::of<T>({static_cast<int64_t>(values.size())}, std::span<const T>(values));
}

/// The tensor of a Constant node, whichever attribute holds it.
std::optional<Tensor> literal(const ir::Node& node) {
  if (const ir::Attr* attr = node.attr("value")) return std::get<Tensor>(*attr);
  if (node.attr("value_int")) return Tensor::scalar<int64_t>(node.int_attr("value_int", 0));
  if (node.attr("value_ints")) return vector_of(node.ints_attr("value_ints"));
  if (node.attr("value_float"))
    return Tensor::scalar<float>(static_cast<float>(node.float_attr("value_float", 0)));
  if (const ir::Attr* attr = node.attr("value_floats")) {
    const auto& values = std::get<std::vector<double>>(*attr);
    return vector_of(std::vector<float>(values.begin(), values.end()));
  }
  return std::nullopt;
}

/// A Reshape target with -1 for the one dimension not known, if that is unambiguous.
std::optional<Ints> reshape_target(const Dims& dims) {
  Ints target;
  for (const ir::Dim& dim : dims) {
    if (dim.value == 0) return std::nullopt;
    target.push_back(dim.known() ? dim.value : -1);
  }
  if (std::count(target.begin(), target.end(), -1) > 1) return std::nullopt;
  return target;
}

}  // namespace

std::optional<Tensor> Writer::constant_behind(const std::string& value) const {
  std::string wanted = value;
  for (auto node = function_.nodes.rbegin(); node != function_.nodes.rend(); ++node) {
    if (node->outputs.empty() || node->outputs[0] != wanted) continue;
    if (node->is(ir::domain::kOnnx, "Constant")) return literal(*node);
    if (!node->is(ir::domain::kOnnx, "Identity")) return std::nullopt;
    wanted = node->inputs[0];
  }
  return std::nullopt;
}

std::optional<double> Writer::constant_number(const std::string& value) const {
  const auto tensor = constant_behind(value);
  if (!tensor || tensor->size() != 1) return std::nullopt;
  if (tensor->dtype() == DType::kF32) return tensor->data<float>()[0];
  if (tensor->dtype() == DType::kF64) return tensor->data<double>()[0];
  return std::nullopt;
}

std::vector<DimSource> axes_of(const std::string& value, int64_t rank) {
  std::vector<DimSource> out;
  for (int64_t axis = 0; axis < rank; ++axis) out.push_back({value, axis});
  return out;
}

std::string Writer::shape_vector(const Dims& wanted, const std::vector<DimSource>& sources) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < wanted.size();) {
    const size_t first = i;
    Ints numbers;
    while (i < wanted.size() && wanted[i].known()) numbers.push_back(wanted[i++].value);
    if (i > first) {
      parts.push_back(ints(numbers));
      continue;
    }
    do {
      ++i;
    } while (i < wanted.size() && !wanted[i].known() && follows(sources[i - 1], sources[i]));
    const int64_t length = static_cast<int64_t>(i - first);
    const DimSource& from = sources[first];
    parts.push_back(emit("Shape", {from.value}, ir::Type::tensor(DType::kI64, Shape{length}),
                         {{"start", from.axis}, {"end", from.axis + length}}));
  }
  if (parts.empty()) return ints({});
  return concat(parts, 0, number(static_cast<int64_t>(wanted.size())));
}

std::string Writer::shape_of(const std::string& x) {
  return shape_vector(dims(x), axes_of(x, rank(x)));
}

std::string Writer::count(const std::string& x, const Ints& axes, DType to) {
  int64_t known = 1;
  std::string product;
  for (const int64_t axis : axes) {
    const ir::Dim& dim = dims(x)[static_cast<size_t>(axis)];
    if (dim.known()) {
      known *= dim.value;
      continue;
    }
    const std::string size = shape_vector({dim}, {{x, axis}});
    product = product.empty() ? size : binary("Mul", product, size);
  }
  if (product.empty()) return scalar(static_cast<double>(known), to);
  if (known != 1) product = binary("Mul", product, scalar(static_cast<double>(known), DType::kI64));
  return cast(squeeze(product, {0}), to);
}

std::string Writer::zeros(DType dtype, const Dims& wanted, const std::vector<DimSource>& sources) {
  return emit("ConstantOfShape", {shape_vector(wanted, sources)}, ir::Type::tensor(dtype, wanted),
              {{"value", Tensor::zeros(dtype, {1})}});
}

std::string Writer::zeros_like(const std::string& x) {
  return zeros(dtype(x), dims(x), axes_of(x, rank(x)));
}

std::string Writer::reshape_like(const std::string& x, const std::string& like) {
  const Dims& target = dims(like);
  if (known_dims(target) && dims(x) == target) return x;
  const std::optional<Ints> constant = reshape_target(target);
  return emit("Reshape", {x, constant ? ints(*constant) : shape_of(like)},
              ir::Type::tensor(dtype(x), target));
}

std::string Writer::to_matrix(const std::string& x) {
  if (rank(x) == 2) return x;
  const Dims& from = dims(x);
  const ir::Dim rows = ir::dim_product(std::span(from).first(from.size() - 1));
  const ir::Dim& columns = from.back();
  const ir::Type result = ir::Type::tensor(dtype(x), Dims{rows, columns});
  if (const auto target = reshape_target({rows, columns}))
    return emit("Reshape", {x, ints(*target)}, result);
  const std::string last = shape_vector({columns}, {{x, rank(x) - 1}});
  const std::string shape = concat({ints({-1}), last}, 0, number(2));
  return emit("Reshape", {x, shape}, result);
}

std::string Writer::unsqueeze(const std::string& x, const Ints& axes) {
  if (axes.empty()) return x;
  Dims shape = dims(x);
  for (const int64_t axis : axes) shape.insert(shape.begin() + axis, number(1));
  return emit("Unsqueeze", {x, ints(axes)}, ir::Type::tensor(dtype(x), shape));
}

std::string Writer::squeeze(const std::string& x, const Ints& axes) {
  if (axes.empty()) return x;
  Dims shape;
  for (int64_t axis = 0; axis < rank(x); ++axis)
    if (!contains(axes, axis)) shape.push_back(dims(x)[static_cast<size_t>(axis)]);
  return emit("Squeeze", {x, ints(axes)}, ir::Type::tensor(dtype(x), shape));
}

std::string Writer::transpose(const std::string& x, const Ints& perm) {
  if (perm == all_axes(rank(x))) return x;
  Dims shape;
  for (const int64_t axis : perm) shape.push_back(dims(x)[static_cast<size_t>(axis)]);
  return emit("Transpose", {x}, ir::Type::tensor(dtype(x), shape), {{"perm", perm}});
}

std::string Writer::sum(const std::string& x, const Ints& axes, bool keep) {
  if (axes.empty()) return x;
  Dims shape;
  for (int64_t axis = 0; axis < rank(x); ++axis) {
    if (!contains(axes, axis))
      shape.push_back(dims(x)[static_cast<size_t>(axis)]);
    else if (keep)
      shape.push_back(number(1));
  }
  return emit("ReduceSum", {x, ints(axes)}, ir::Type::tensor(dtype(x), shape),
              {{"keepdims", int64_t{keep}}});
}

std::string Writer::spread(const std::string& x, const std::string& like, const Ints& axes,
                           bool kept) {
  const std::string thin = kept || rank(x) == 0 ? x : unsqueeze(x, axes);
  Dims wanted(dims(like).size(), number(1));
  for (const int64_t axis : axes)
    wanted[static_cast<size_t>(axis)] = dims(like)[static_cast<size_t>(axis)];
  const bool all_one =
      std::all_of(wanted.begin(), wanted.end(), [](const ir::Dim& dim) { return dim.value == 1; });
  if (all_one) return reshape_like(thin, like);
  return emit("Expand", {thin, shape_vector(wanted, axes_of(like, rank(like)))},
              ir::Type::tensor(dtype(x), dims(like)));
}

std::string Writer::concat(const std::vector<std::string>& parts, int64_t axis,
                           const ir::Dim& total) {
  if (parts.size() == 1) return parts[0];
  Dims shape = dims(parts[0]);
  shape[static_cast<size_t>(axis)] = total;
  return emit("Concat", parts, ir::Type::tensor(dtype(parts[0]), shape), {{"axis", axis}});
}

std::string Writer::join(const std::vector<Block>& blocks, int64_t total) {
  const std::string& model = blocks[0].value;
  const int64_t axis = blocks[0].axis;
  std::vector<std::string> parts;
  int64_t position = 0;
  const auto fill_to = [&](int64_t end) {
    if (end == position) return;
    Dims gap = dims(model);
    gap[static_cast<size_t>(axis)] = number(end - position);
    parts.push_back(zeros(dtype(model), gap, axes_of(model, rank(model))));
  };
  for (const Block& block : blocks) {
    fill_to(block.first);
    parts.push_back(block.value);
    position = block.first + block.size;
  }
  fill_to(total);
  return concat(parts, axis, number(total));
}

}  // namespace bb::compiler
