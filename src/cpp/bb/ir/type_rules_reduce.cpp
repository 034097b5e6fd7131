// Type rules of matrix products, softmax, reductions and the loss.
#include <algorithm>

#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

/// The reduced shape; `axes` empty means all of them.
Dims reduced(const Dims& dims, const std::vector<size_t>& axes, bool keep) {
  Dims out;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool gone = axes.empty() || std::binary_search(axes.begin(), axes.end(), i);
    if (!gone) out.push_back(dims[i]);
    if (gone && keep) out.push_back(Dim{1, {}});
  }
  return out;
}

Result<Types> reduce(const TypeContext& context, DTypeSet legal) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, legal));
  std::vector<size_t> axes;
  if (has_input(context, 1)) {
    BB_ASSIGN_OR_RETURN(const std::vector<int64_t> given, constant_integers(context, 1, "axes"));
    BB_ASSIGN_OR_RETURN(axes, normal_axes(context, given, type->shape->size()));
  }
  if (axes.empty() && context.node.int_attr("noop_with_empty_axes", 0) != 0) return Types{*type};
  const bool keep = context.node.int_attr("keepdims", 1) != 0;
  return Types{Type::tensor(type->dtype, reduced(*type->shape, axes, keep))};
}

std::string inner_text(const Dim& left, const Dim& right) {
  return "the inner dimensions " + left.text() + " and " + right.text() + " differ";
}

/// Rows and columns of a Gemm operand after its optional transposition.
std::pair<Dim, Dim> gemm_side(const Type& type, bool transposed) {
  const Dims& dims = *type.shape;
  return transposed ? std::pair(dims[1], dims[0]) : std::pair(dims[0], dims[1]);
}

}  // namespace

namespace rules {

Result<Types> reduce_sum(const TypeContext& context) { return reduce(context, kSigned); }
Result<Types> reduce_max(const TypeContext& context) { return reduce(context, kNumeric); }

Result<Types> softmax(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kFloats));
  const int64_t axis = context.node.int_attr("axis", -1);
  BB_RETURN_IF_ERROR(normal_axis(context, axis, type->shape->size()));
  return Types{*type};
}

Result<Types> arg_max(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kNumeric));
  const int64_t given = context.node.int_attr("axis", 0);
  BB_ASSIGN_OR_RETURN(const size_t axis, normal_axis(context, given, type->shape->size()));
  const bool keep = context.node.int_attr("keepdims", 1) != 0;
  return Types{Type::tensor(DType::kI64, reduced(*type->shape, {axis}, keep))};
}

Result<Types> matmul(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* a, tensor_input(context, 0, kSigned));
  BB_ASSIGN_OR_RETURN(const Type* b, tensor_input(context, 1, kSigned));
  if (a->dtype != b->dtype)
    return mismatch(context, "the inputs have different dtypes", "insert a Cast");
  Dims left = *a->shape, right = *b->shape;
  if (left.empty() || right.empty())
    return mismatch(context, "a scalar has no matrix product", "use Mul");
  const bool row = left.size() == 1, column = right.size() == 1;
  if (row) left.insert(left.begin(), Dim{1, {}});
  if (column) right.push_back(Dim{1, {}});
  const Dim inner_left = left.back(), inner_right = right[right.size() - 2];
  if (!same_dim(inner_left, inner_right))
    return mismatch(context, inner_text(inner_left, inner_right));
  const std::span<const Dim> batch_left(left.data(), left.size() - 2);
  const std::span<const Dim> batch_right(right.data(), right.size() - 2);
  std::optional<Dims> dims = broadcast_dims(batch_left, batch_right);
  if (!dims) return mismatch(context, "the leading dimensions do not broadcast");
  if (!row) dims->push_back(left[left.size() - 2]);
  if (!column) dims->push_back(right.back());
  return Types{Type::tensor(a->dtype, std::move(*dims))};
}

Result<Types> gemm(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* a, tensor_input(context, 0, kSigned));
  BB_ASSIGN_OR_RETURN(const Type* b, tensor_input(context, 1, kSigned));
  if (a->dtype != b->dtype)
    return mismatch(context, "the inputs have different dtypes", "insert a Cast");
  if (a->shape->size() != 2 || b->shape->size() != 2)
    return mismatch(context, "Gemm takes two matrices", "use MatMul for other ranks");
  const auto [rows, inner_left] = gemm_side(*a, context.node.int_attr("transA", 0) != 0);
  const auto [inner_right, columns] = gemm_side(*b, context.node.int_attr("transB", 0) != 0);
  if (!same_dim(inner_left, inner_right))
    return mismatch(context, inner_text(inner_left, inner_right));
  const Dims dims = {rows, columns};
  if (has_input(context, 2)) {
    BB_ASSIGN_OR_RETURN(const Type* c, tensor_input(context, 2, kSigned));
    if (c->dtype != a->dtype)
      return mismatch(context, "the inputs have different dtypes", "insert a Cast");
    const std::optional<Dims> joint = broadcast_dims(dims, *c->shape);
    if (c->shape->size() > 2 || !joint || !same_dims(*joint, dims))
      return mismatch(context, "C does not broadcast to " + text_of(dims));
  }
  return Types{Type::tensor(a->dtype, dims)};
}

Result<Types> softmax_cross_entropy(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* scores, tensor_input(context, 0, kFloats));
  BB_ASSIGN_OR_RETURN(const Type* labels, tensor_input(context, 1, kIndices));
  const Dims& dims = *scores->shape;
  if (dims.size() < 2) return mismatch(context, "scores need the shape [N,C] or [N,C,…]");
  Dims rows = dims;
  rows.erase(rows.begin() + 1);
  if (!same_dims(rows, *labels->shape))
    return mismatch(context, "labels must have the shape " + text_of(rows));
  if (has_input(context, 2)) {
    BB_ASSIGN_OR_RETURN(const Type* weights, tensor_input(context, 2, kFloats));
    if (weights->dtype != scores->dtype || !same_dims(*weights->shape, Dims{dims[1]}))
      return mismatch(context, "weights must have one element per class");
  }
  const std::string reduction = context.node.string_attr("reduction", "mean");
  if (reduction != "none" && reduction != "mean" && reduction != "sum")
    return bad_attribute(context, "reduction is not none, mean or sum", reduction);
  Type loss = Type::tensor(scores->dtype, reduction == "none" ? rows : Dims{});
  return Types{std::move(loss), *scores};
}

}  // namespace rules
}  // namespace bb::ir
