// Type rules of operators that pick or place by index: Slice, Gather, Scatter, OneHot, Range.
#include <algorithm>
#include <cmath>
#include <limits>

#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

struct SliceRange {
  int64_t start, end, step;
};

/// Number of elements of a range over `size` elements, by ONNX clamping.
int64_t slice_count(SliceRange range, int64_t size) {
  const auto from_front = [&](int64_t at) { return at < 0 ? at + size : at; };
  if (range.step > 0) {
    const int64_t start = std::clamp<int64_t>(from_front(range.start), 0, size);
    const int64_t end = std::clamp<int64_t>(from_front(range.end), 0, size);
    return start < end ? (end - start - 1) / range.step + 1 : 0;
  }
  const int64_t start = std::clamp<int64_t>(from_front(range.start), -1, size - 1);
  const int64_t end = std::clamp<int64_t>(from_front(range.end), -1, size - 1);
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  const int64_t stride = range.step == lowest ? std::numeric_limits<int64_t>::max() : -range.step;
  return start > end ? (start - end - 1) / stride + 1 : 0;
}

/// True when the range keeps every element whatever the size: ends beyond any real dimension.
bool takes_all(const SliceRange& range) {
  constexpr int64_t far = std::numeric_limits<int32_t>::max();
  if (range.step == 1) return range.start == 0 && range.end >= far;
  return range.step == -1 && (range.start == -1 || range.start >= far) && range.end <= -far;
}

Dim sliced(const Dim& dim, const SliceRange& range) {
  if (takes_all(range)) return dim;
  if (dim.known()) return Dim{slice_count(range, dim.value), {}};
  return derived_dim(dim, "slice:" + std::to_string(range.start) + ":" + std::to_string(range.end) +
                              ":" + std::to_string(range.step));
}

/// Number of elements from start below limit.
template <class T>
Result<int64_t> range_count(const TypeContext& context, T start, T limit, T delta) {
  if (delta == 0) return mismatch(context, "delta is 0");
  const double count = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                                 static_cast<double>(delta));
  constexpr double most = 1LL << 40;
  if (!(count <= most)) return mismatch(context, "the range has too many elements");
  return count < 0 ? 0 : static_cast<int64_t>(count);
}

template <class T>
Result<int64_t> constant_range(const TypeContext& context) {
  const auto at = [&](size_t i) { return context.constant_input(i)->data<T>()[0]; };
  return range_count<T>(context, at(0), at(1), at(2));
}

Result<int64_t> known_range(const TypeContext& context, DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return constant_range<float>(context);
    case DType::kF64:
      return constant_range<double>(context);
    case DType::kI32:
      return constant_range<int32_t>(context);
    case DType::kI64:
      return constant_range<int64_t>(context);
    case DType::kU8:
    case DType::kBool:
    case DType::kUndefined:
      break;
  }
  return mismatch(context, "Range does not take this dtype");
}

Status check_reduction(const TypeContext& context) {
  const std::string reduction = context.node.string_attr("reduction", "none");
  for (const char* legal : {"none", "add", "mul", "max", "min"})
    if (reduction == legal) return {};
  return bad_attribute(context, "reduction is not none, add, mul, max or min", reduction);
}

Status check_index_range(const TypeContext& context, const Dim& dim) {
  const std::optional<std::vector<SymbolicInt>> indices = known_integers(context, 1);
  if (!indices || !dim.known()) return {};
  for (const SymbolicInt& index : *indices)
    if (index.is_number() && (index.number < -dim.value || index.number >= dim.value))
      return mismatch(context,
                      "index " + std::to_string(index.number) + " is outside size " + dim.text());
  return {};
}

Result<Dim> one_hot_depth(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 1, kNumeric));
  const bool one =
      type->shape->empty() || (type->shape->size() == 1 && (*type->shape)[0].value == 1);
  if (!one) return mismatch(context, "depth is not one number");
  const std::optional<std::vector<SymbolicInt>> depth = known_integers(context, 1);
  if (!depth || depth->size() != 1 || depth->front().unknown)
    return undecidable(context, "depth is not known", "give it as an int64 constant or from Shape");
  if (depth->front().is_number() && depth->front().number < 1)
    return mismatch(context, "depth is " + std::to_string(depth->front().number));
  return depth->front().is_number() ? Dim{depth->front().number, {}}
                                    : Dim{-1, depth->front().symbol};
}

}  // namespace

namespace rules {

Result<Types> slice(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> starts, constant_integers(context, 1, "starts"));
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, constant_integers(context, 2, "ends"));
  std::vector<int64_t> axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (has_input(context, 3)) {
    BB_ASSIGN_OR_RETURN(axes, constant_integers(context, 3, "axes"));
  }
  if (has_input(context, 4)) {
    BB_ASSIGN_OR_RETURN(steps, constant_integers(context, 4, "steps"));
  }
  const size_t count = starts.size();
  if (ends.size() != count || axes.size() != count || steps.size() != count)
    return mismatch(context, "starts, ends, axes and steps have different lengths");
  Dims dims = *type->shape;
  BB_RETURN_IF_ERROR(normal_axes(context, axes, dims.size()));
  for (size_t i = 0; i < count; ++i) {
    if (steps[i] == 0) return mismatch(context, "a step is 0");
    BB_ASSIGN_OR_RETURN(const size_t axis, normal_axis(context, axes[i], dims.size()));
    dims[axis] = sliced(dims[axis], {starts[i], ends[i], steps[i]});
  }
  return Types{Type::tensor(type->dtype, std::move(dims))};
}

Result<Types> gather(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* data, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const Type* indices, tensor_input(context, 1, kIndices));
  const int64_t given = context.node.int_attr("axis", 0);
  BB_ASSIGN_OR_RETURN(const size_t axis, normal_axis(context, given, data->shape->size()));
  BB_RETURN_IF_ERROR(check_index_range(context, (*data->shape)[axis]));
  const auto at = data->shape->begin() + static_cast<std::ptrdiff_t>(axis);
  Dims dims(data->shape->begin(), at);
  dims.insert(dims.end(), indices->shape->begin(), indices->shape->end());
  dims.insert(dims.end(), at + 1, data->shape->end());
  return Types{Type::tensor(data->dtype, std::move(dims))};
}

Result<Types> scatter_elements(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* data, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const Type* indices, tensor_input(context, 1, kIndices));
  BB_ASSIGN_OR_RETURN(const Type* updates, tensor_input(context, 2, kAllTypes));
  BB_RETURN_IF_ERROR(check_reduction(context));
  const int64_t axis = context.node.int_attr("axis", 0);
  BB_RETURN_IF_ERROR(normal_axis(context, axis, data->shape->size()));
  if (updates->dtype != data->dtype)
    return mismatch(context, "data and updates have different dtypes", "insert a Cast");
  if (indices->shape->size() != data->shape->size())
    return mismatch(context, "data and indices have different ranks");
  if (!same_dims(*indices->shape, *updates->shape))
    return mismatch(context, "indices and updates have different shapes");
  return Types{*data};
}

Result<Types> scatter_nd(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* data, tensor_input(context, 0, kAllTypes));
  BB_ASSIGN_OR_RETURN(const Type* indices, tensor_input(context, 1, kInt64s));
  BB_ASSIGN_OR_RETURN(const Type* updates, tensor_input(context, 2, kAllTypes));
  BB_RETURN_IF_ERROR(check_reduction(context));
  if (updates->dtype != data->dtype)
    return mismatch(context, "data and updates have different dtypes", "insert a Cast");
  const Dims& index_dims = *indices->shape;
  if (data->shape->empty() || index_dims.empty())
    return mismatch(context, "data and indices need rank 1 or more");
  if (!index_dims.back().known())
    return undecidable(context, "the last dimension of indices is not a number");
  const int64_t depth = index_dims.back().value;
  if (depth > static_cast<int64_t>(data->shape->size()))
    return mismatch(context, "an index is longer than the rank of data");
  Dims wanted(index_dims.begin(), index_dims.end() - 1);
  wanted.insert(wanted.end(), data->shape->begin() + depth, data->shape->end());
  if (!same_dims(wanted, *updates->shape))
    return mismatch(context, "updates must have the shape " + text_of(wanted));
  return Types{*data};
}

Result<Types> one_hot(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* indices, tensor_input(context, 0, kNumeric));
  BB_ASSIGN_OR_RETURN(Dim depth, one_hot_depth(context));
  BB_ASSIGN_OR_RETURN(const Type* values, tensor_input(context, 2, kAllTypes));
  if (!same_dims(*values->shape, Dims{Dim{2, {}}}))
    return mismatch(context, "values must be [off, on]");
  Dims dims = *indices->shape;
  const int64_t given = context.node.int_attr("axis", -1);
  BB_ASSIGN_OR_RETURN(const size_t axis, normal_axis(context, given, dims.size() + 1));
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), std::move(depth));
  return Types{Type::tensor(values->dtype, std::move(dims))};
}

Result<Types> range(const TypeContext& context) {
  bool constant = true;
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kSigned));
  for (size_t i = 0; i < 3; ++i) {
    BB_ASSIGN_OR_RETURN(const Type* next, tensor_input(context, i, kSigned));
    if (next->dtype != type->dtype)
      return mismatch(context, "the inputs have different dtypes", "insert a Cast");
    if (!next->shape->empty()) return mismatch(context, "start, limit and delta are scalars");
    const Tensor* tensor = context.constant_input(i);
    constant = constant && tensor && tensor->dtype() == type->dtype && tensor->size() == 1;
  }
  if (constant) {
    BB_ASSIGN_OR_RETURN(const int64_t count, known_range(context, type->dtype));
    return Types{Type::tensor(type->dtype, Shape{count})};
  }
  const auto start = known_integers(context, 0), limit = known_integers(context, 1),
             delta = known_integers(context, 2);
  const SymbolicInt zero{0, {}, false}, one{1, {}, false};
  const bool counts_up = start && limit && delta && start->size() == 1 && limit->size() == 1 &&
                         delta->size() == 1 && start->front() == zero && delta->front() == one;
  if (counts_up && !limit->front().symbol.empty())
    return Types{Type::tensor(type->dtype, Dims{Dim{-1, limit->front().symbol}})};
  return undecidable(context, "the number of elements is not known",
                     "give start, limit and delta as constants");
}

}  // namespace rules
}  // namespace bb::ir
