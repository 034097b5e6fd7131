// Type rules of elementwise operators, with and without broadcasting.
#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

Result<Types> unary(const TypeContext& context, DTypeSet legal) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, legal));
  return Types{*type};
}

Error cannot_broadcast(const TypeContext& context) {
  return mismatch(context, "these shapes do not broadcast",
                  "sizes must be equal or 1, counted from the right");
}

/// All inputs from `first` on broadcast together and have one dtype.
Result<Types> broadcast(const TypeContext& context, DTypeSet legal, size_t first = 0) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, first, legal));
  Type out = *type;
  for (size_t i = first + 1; i < context.inputs.size(); ++i) {
    BB_ASSIGN_OR_RETURN(const Type* next, tensor_input(context, i, legal));
    if (next->dtype != out.dtype)
      return mismatch(context, "the inputs have different dtypes", "insert a Cast");
    std::optional<Dims> dims = broadcast_dims(*out.shape, *next->shape);
    if (!dims) return cannot_broadcast(context);
    out.shape = std::move(*dims);
  }
  return Types{std::move(out)};
}

Result<Types> compare(const TypeContext& context, DTypeSet legal) {
  BB_ASSIGN_OR_RETURN(Types out, broadcast(context, legal));
  out[0].dtype = DType::kBool;
  return out;
}

}  // namespace

namespace rules {

Result<Types> unary_float(const TypeContext& context) { return unary(context, kFloats); }
Result<Types> unary_signed(const TypeContext& context) { return unary(context, kSigned); }
Result<Types> unary_numeric(const TypeContext& context) { return unary(context, kNumeric); }
Result<Types> unary_bool(const TypeContext& context) { return unary(context, kBools); }
Result<Types> unary_any(const TypeContext& context) { return unary(context, kAllTypes); }
Result<Types> binary_numeric(const TypeContext& context) { return broadcast(context, kNumeric); }
Result<Types> binary_bool(const TypeContext& context) { return broadcast(context, kBools); }
Result<Types> variadic_numeric(const TypeContext& context) { return broadcast(context, kNumeric); }
Result<Types> variadic_float(const TypeContext& context) { return broadcast(context, kFloats); }
Result<Types> compare_numeric(const TypeContext& context) { return compare(context, kNumeric); }
Result<Types> compare_any(const TypeContext& context) { return compare(context, kAllTypes); }

Result<Types> cast(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* type, tensor_input(context, 0, kAllTypes));
  const int64_t to = context.node.int_attr("to", 0);
  const auto dtype = static_cast<DType>(to);
  if (to <= 0 || to > static_cast<int64_t>(DType::kF64) || size_of(dtype) == 0)
    return bad_attribute(context, "unsupported dtype in `to`", std::to_string(to));
  return Types{Type{Kind::kTensor, dtype, type->shape}};
}

Result<Types> power(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* base, tensor_input(context, 0, kSigned));
  BB_ASSIGN_OR_RETURN(const Type* exponent, tensor_input(context, 1, kNumeric));
  std::optional<Dims> dims = broadcast_dims(*base->shape, *exponent->shape);
  if (!dims) return cannot_broadcast(context);
  return Types{Type::tensor(base->dtype, std::move(*dims))};
}

Result<Types> where(const TypeContext& context) {
  BB_ASSIGN_OR_RETURN(const Type* condition, tensor_input(context, 0, kBools));
  BB_ASSIGN_OR_RETURN(Types out, broadcast(context, kAllTypes, 1));
  std::optional<Dims> dims = broadcast_dims(*condition->shape, *out[0].shape);
  if (!dims) return cannot_broadcast(context);
  out[0].shape = std::move(*dims);
  return out;
}

}  // namespace rules
}  // namespace bb::ir
