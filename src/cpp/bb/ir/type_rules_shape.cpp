// Type rules of operators that change shapes: constants, reshaping, permuting, expanding, joining.
#include <algorithm>

#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

/// What Reshape does with one element of its shape input.
struct ReshapeTarget {
  Dims dims;
  std::optional<size_t> free;  ///< where the -1 stands
};

Result<ReshapeTarget> reshape_target(const TypeContext& context, const Dims& from) {
  const std::optional<std::vector<SymbolicInt>> values = known_integers(context, 1);
  if (!values)
    return undecidable(context, "the shape is not known", "give it as a constant or from Shape");
  const bool zero_is_zero = context.node.int_attr("allowzero", 0) != 0;
  ReshapeTarget out;
  for (size_t i = 0; i < values->size(); ++i) {
    const SymbolicInt& value = (*values)[i];
    if (!value.is_number()) {
      out.dims.push_back(Dim{-1, value.symbol});
    } else if (value.number == 0 && !zero_is_zero) {
      if (i >= from.size())
        return mismatch(context, "a 0 in the shape has no dimension to copy", "write the number");
      out.dims.push_back(from[i]);
    } else if (value.number >= 0) {
      out.dims.push_back(Dim{value.number, {}});
    } else if (value.number == -1 && !out.free) {
      out.free = i;
      out.dims.push_back(Dim{1, {}});
    } else {
      return mismatch(context, "the shape has more than one -1, or a number below it",
                      "leave at most one dimension open");
    }
  }
  return out;
}

std::string written(const ReshapeTarget& target) {
  Dims shown = target.dims;
  std::string out = "[";
  for (size_t i = 0; i < shown.size(); ++i) {
    if (i > 0) out += ',';
    out += target.free == i ? "-1" : shown[i].text();
  }
  return out + "]";
}

bool has_unknown(const Dims& dims) {
  return std::any_of(dims.begin(), dims.end(),
                     [](const Dim& dim) { return !dim.known() && dim.symbol.empty(); });
}

Result<std::vector<size_t>> permutation(const TypeContext& context, size_t rank) {
  std::vector<size_t> out;
  if (!context.node.attr("perm")) {
    for (size_t i = rank; i-- > 0;) out.push_back(i);
    return out;
  }
  std::vector<bool> used(rank, false);
  const std::vector<int64_t> perm = context.node.ints_attr("perm");
  for (const int64_t axis : perm) {
    const bool inside = axis >= 0 && axis < static_cast<int64_t>(rank);
    if (!inside || used[static_cast<size_t>(axis)])
      return mismatch(context, "perm is not a permutation of the axes");
    used[static_cast<size_t>(axis)] = true;
    out.push_back(static_cast<size_t>(axis));
  }
  if (out.size() != rank)
    return mismatch(context, "perm has " + std::to_string(out.size()) + " axes for rank " +
                                 std::to_string(rank));
  return out;
}

}  // namespace

namespace rules {

Result<Types> constant(const TypeContext& context) {
  if (context.node.attrs.size() != 1)
    return bad_attribute(context, "one value attribute is needed, not several or none",
                         std::to_string(context.node.attrs.size()));
  const std::optional<Tensor> value = constant_value(context.node);
  if (!value || !value->defined()) return bad_attribute(context, "unusable value", {});
  return Types{Type::tensor(value->dtype(), value->shape())};
}

Result<Types> constant_of_shape(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(Dims dims, shape_input(context, 0));
  const Attr* value = context.node.attr("value");
  if (!value) return Types{Type::tensor(DType::kF32, std::move(dims))};
  const Tensor* tensor = std::get_if<Tensor>(value);
  if (!tensor || tensor->size() != 1)
    return bad_attribute(context, "`value` is no tensor of one element", {});
  return Types{Type::tensor(tensor->dtype(), std::move(dims))};
}

Result<Types> shape(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  const auto rank = static_cast<int64_t>(type->shape->size());
  const auto clamped = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t start = clamped(context.node.int_attr("start", 0));
  const int64_t end = clamped(context.node.int_attr("end", rank));
  return Types{Type::tensor(DType::kI64, Shape{std::max<int64_t>(end - start, 0)})};
}

Result<Types> size(const TypeContext& context) {
  BB_RETURN_IF_ERROR(tensor_input(context, 0, kAllTypes));
  return Types{Type::tensor(DType::kI64, Dims{})};
}

Result<Types> reshape(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  BB_RETURN_IF_ERROR(tensor_input(context, 1, kInt64s));
  BB_ASSIGN_OR_RETURN(ReshapeTarget target, reshape_target(context, *type->shape));
  const std::string wanted = written(target);
  if (target.free) {
    std::optional<Dim> rest = dim_quotient(*type->shape, target.dims);
    if (!rest)
      return mismatch(context, "the elements do not divide into " + wanted,
                      "the product of the dimensions must stay the same");
    target.dims[*target.free] = std::move(*rest);
  } else if (!has_unknown(target.dims) && !has_unknown(*type->shape) &&
             !same_product(*type->shape, target.dims)) {
    return mismatch(context, "the shape " + wanted + " has another number of elements",
                    "the product of the dimensions must stay the same; -1 leaves one open");
  }
  return Types{Type::tensor(type->dtype, std::move(target.dims))};
}

Result<Types> flatten(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  const auto rank = static_cast<int64_t>(type->shape->size());
  int64_t axis = context.node.int_attr("axis", 1);
  if (axis < -rank || axis > rank)
    return mismatch(context,
                    "axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  if (axis < 0) axis += rank;
  const std::span<const Dim> dims(*type->shape);
  const auto split = static_cast<size_t>(axis);
  return Types{Type::tensor(
      type->dtype, Dims{dim_product(dims.first(split)), dim_product(dims.subspan(split))})};
}

Result<Types> transpose(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const std::vector<size_t> perm, permutation(context, type->shape->size()));
  Dims dims;
  for (const size_t axis : perm) dims.push_back((*type->shape)[axis]);
  return Types{Type::tensor(type->dtype, std::move(dims))};
}

Result<Types> expand(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const Dims wanted, shape_input(context, 1));
  std::optional<Dims> dims = broadcast_dims(*type->shape, wanted);
  if (!dims) return mismatch(context, "it does not broadcast to " + text_of(wanted));
  return Types{Type::tensor(type->dtype, std::move(*dims))};
}

Result<Types> unsqueeze(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> given, constant_integers(context, 1, "axes"));
  const size_t rank = type->shape->size() + given.size();
  BB_ASSIGN_OR_RETURN(const std::vector<size_t> axes, normal_axes(context, given, rank));
  Dims dims = *type->shape;
  for (const size_t axis : axes)
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), Dim{1, {}});
  return Types{Type::tensor(type->dtype, std::move(dims))};
}

Result<Types> squeeze(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  const Dims& from = *type->shape;
  std::vector<size_t> axes;
  if (has_input(context, 1)) {
    BB_ASSIGN_OR_RETURN(const std::vector<int64_t> given, constant_integers(context, 1, "axes"));
    BB_ASSIGN_OR_RETURN(axes, normal_axes(context, given, from.size()));
  }
  Dims dims;
  for (size_t i = 0; i < from.size(); ++i) {
    const bool named = std::binary_search(axes.begin(), axes.end(), i);
    if (named && from[i].value != 1)
      return mismatch(context,
                      "axis " + std::to_string(i) + " has size " + from[i].text() + ", not 1");
    if (!has_input(context, 1) && !from[i].known())
      return undecidable(context, "dimension " + from[i].text() + " may be 1", "give the axes");
    const bool drop = has_input(context, 1) ? named : from[i].value == 1;
    if (!drop) dims.push_back(from[i]);
  }
  return Types{Type::tensor(type->dtype, std::move(dims))};
}

Result<Types> concat(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* first, tensor_input(context, 0, kAllTypes));
  Dims dims = *first->shape;
  BB_ASSIGN_OR_RETURN(const size_t axis,
                      normal_axis(context, context.node.int_attr("axis", 0), dims.size()));
  Dims joined = {dims[axis]};
  for (size_t i = 1; i < context.inputs.size(); ++i) {
    BB_ASSIGN_OR_RETURN(const Type* next, tensor_input(context, i, kAllTypes));
    if (next->dtype != first->dtype)
      return mismatch(context, "the inputs have different dtypes", "insert a Cast");
    Dims others = *next->shape;
    if (others.size() != dims.size()) return mismatch(context, "the inputs have different ranks");
    joined.push_back(others[axis]);
    others[axis] = dims[axis];
    std::optional<Dims> same = same_dims(dims, others);
    if (!same) return mismatch(context, "only axis " + std::to_string(axis) + " may differ");
    dims = std::move(*same);
  }
  dims[axis] = dim_sum(joined);
  return Types{Type::tensor(first->dtype, std::move(dims))};
}

}  // namespace rules
}  // namespace bb::ir
