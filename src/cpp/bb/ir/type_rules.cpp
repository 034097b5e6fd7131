// Helpers that the type rules share: inputs, axes, shapes and their errors.
#include "bb/ir/type_rules.h"

#include <algorithm>
#include <array>

namespace bb::ir {

std::string DTypeSet::text() const {
  constexpr std::array<DType, 6> order = {DType::kF32, DType::kF64, DType::kI32,
                                          DType::kI64, DType::kU8,  DType::kBool};
  std::vector<std::string_view> names;
  for (const DType dtype : order)
    if (has(dtype)) names.push_back(bb::name_of(dtype));
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

std::string call_text(const TypeContext& context) {
  std::string out = context.node.op + "(";
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    if (i > 0) out += ", ";
    out += has_input(context, i) ? context.inputs[i].text() : "_";
  }
  return out + ")";
}

Error mismatch(const TypeContext& context, std::string what, std::string hint) {
  return make_error(Fault::kCompile, "type_mismatch", std::move(what), call_text(context),
                    std::move(hint));
}

Error undecidable(const TypeContext& context, std::string what, std::string hint) {
  return make_error(Fault::kCompile, "undecidable_type", std::move(what), call_text(context),
                    std::move(hint));
}

Error bad_attribute(const TypeContext& context, std::string what, std::string value) {
  return make_error(Fault::kCompile, "bad_attribute", std::move(what) + " of " + context.node.op,
                    std::move(value));
}

bool has_input(const TypeContext& context, size_t i) {
  return i < context.inputs.size() &&
         (i >= context.node.inputs.size() || !context.node.inputs[i].empty());
}

Result<const Type*> tensor_input(const TypeContext& context, size_t i, DTypeSet legal) {
  const std::string name = "input " + std::to_string(i);
  if (!has_input(context, i)) return mismatch(context, name + " is missing");
  const Type& type = context.inputs[i];
  if (!type.is_tensor()) return mismatch(context, name + " is " + type.text() + ", not a tensor");
  if (!legal.has(type.dtype))
    return mismatch(context, name + " is " + std::string(bb::name_of(type.dtype)),
                    "it takes " + legal.text());
  if (!type.shape)
    return undecidable(context, "the rank of " + name + " is unknown", "declare its shape");
  return &type;
}

std::optional<std::vector<SymbolicInt>> known_integers(const TypeContext& context, size_t i) {
  if (!has_input(context, i)) return std::nullopt;
  if (const std::vector<SymbolicInt>* values = context.integer_input(i)) return *values;
  const Tensor* tensor = context.constant_input(i);
  if (!tensor || tensor->shape().size() > 1 || !kIndices.has(tensor->dtype())) return std::nullopt;
  std::vector<SymbolicInt> out(static_cast<size_t>(tensor->size()));
  for (size_t k = 0; k < out.size(); ++k)
    out[k].number =
        tensor->dtype() == DType::kI64 ? tensor->data<int64_t>()[k] : tensor->data<int32_t>()[k];
  return out;
}

Result<std::vector<int64_t>> constant_integers(const TypeContext& context, size_t i,
                                               std::string_view what) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, i, kIndices));
  if (type->shape->size() > 1)
    return mismatch(context, std::string(what) + " must be a list of integers");
  const Error not_constant = undecidable(
      context, "input " + std::to_string(i) + " (" + std::string(what) + ") is not a constant",
      "give it as a constant");
  const std::optional<std::vector<SymbolicInt>> values = known_integers(context, i);
  if (!values) return not_constant;
  std::vector<int64_t> out;
  for (const SymbolicInt& value : *values) {
    if (!value.is_number()) return not_constant;
    out.push_back(value.number);
  }
  return out;
}

Result<size_t> normal_axis(const TypeContext& context, int64_t axis, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  if (axis < -count || axis >= count)
    return mismatch(context,
                    "axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

Result<std::vector<size_t>> normal_axes(const TypeContext& context,
                                        const std::vector<int64_t>& axes, size_t rank) {
  std::vector<size_t> out;
  for (const int64_t axis : axes) {
    BB_ASSIGN_OR_RETURN(const size_t one, normal_axis(context, axis, rank));
    out.push_back(one);
  }
  std::sort(out.begin(), out.end());
  const auto twice = std::adjacent_find(out.begin(), out.end());
  if (twice != out.end())
    return mismatch(context, "axis " + std::to_string(*twice) + " is given twice");
  return out;
}

Result<Dims> shape_input(const TypeContext& context, size_t i) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, i, kInt64s));
  if (type->shape->size() != 1)
    return mismatch(context, "a shape is a list, so input " + std::to_string(i) + " has rank 1");
  const std::optional<std::vector<SymbolicInt>> values = known_integers(context, i);
  if (!values)
    return undecidable(context, "the shape in input " + std::to_string(i) + " is not known",
                       "give it as a constant or from Shape");
  Dims out;
  for (const SymbolicInt& value : *values) {
    if (value.is_number() && value.number < 0)
      return mismatch(context, "a dimension is " + std::to_string(value.number));
    out.push_back(value.is_number() ? Dim{value.number, {}} : Dim{-1, value.symbol});
  }
  return out;
}

}  // namespace bb::ir
