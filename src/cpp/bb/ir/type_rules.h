// The type rules named in ops.def, and what they share.
#pragma once

#include "bb/ir/dims.h"
#include "bb/ir/ops.h"

namespace bb::ir {

using Types = std::vector<Type>;

namespace rules {
#define BB_OP(domain, name, min_in, max_in, min_out, max_out, attrs, rule, side_effect, summary) \
  Result<Types> rule(const TypeContext& context);
#include "bb/ir/ops.def"
#undef BB_OP
}  // namespace rules

/// A set of dtypes.
class DTypeSet {
 public:
  constexpr DTypeSet(std::initializer_list<DType> list) {
    for (const DType dtype : list) bits_ |= bit(dtype);
  }
  constexpr bool has(DType dtype) const { return (bits_ & bit(dtype)) != 0; }
  std::string text() const;  ///< "float32, float64 or int32"

 private:
  static constexpr uint32_t bit(DType dtype) { return 1u << static_cast<int32_t>(dtype); }
  uint32_t bits_ = 0;
};

inline constexpr DTypeSet kFloats = {DType::kF32, DType::kF64};
inline constexpr DTypeSet kSigned = {DType::kF32, DType::kF64, DType::kI32, DType::kI64};
inline constexpr DTypeSet kNumeric = {DType::kF32, DType::kF64, DType::kI32, DType::kI64,
                                      DType::kU8};
inline constexpr DTypeSet kAllTypes = {DType::kF32, DType::kF64, DType::kI32,
                                       DType::kI64, DType::kU8,  DType::kBool};
inline constexpr DTypeSet kBools = {DType::kBool};
inline constexpr DTypeSet kIndices = {DType::kI32, DType::kI64};
inline constexpr DTypeSet kInt64s = {DType::kI64};

/// "MatMul(float32[N,64], float32[32,10])": the operation with the types it was given.
std::string call_text(const TypeContext& context);
/// CompileError type_mismatch that shows the operation and all its types.
Error mismatch(const TypeContext& context, std::string what, std::string hint = {});
/// CompileError undecidable_type: the types may be right but cannot be told before running.
Error undecidable(const TypeContext& context, std::string what, std::string hint = {});
/// CompileError bad_attribute.
Error bad_attribute(const TypeContext& context, std::string what, std::string value);

/// True when input i is given.
bool has_input(const TypeContext& context, size_t i);
/// Input i as a tensor of known rank with a dtype of the set.
Result<const Type*> tensor_input(const TypeContext& context, size_t i, DTypeSet legal);
/// The numbers in constant input i (int32 or int64, rank 0 or 1).
Result<std::vector<int64_t>> constant_integers(const TypeContext& context, size_t i,
                                               std::string_view what);
/// `axis` counted from the front, in [0, rank).
Result<size_t> normal_axis(const TypeContext& context, int64_t axis, size_t rank);
/// The same for a list, sorted, without repeats.
Result<std::vector<size_t>> normal_axes(const TypeContext& context,
                                        const std::vector<int64_t>& axes, size_t rank);
/// The elements of integer input i as numbers or symbols, when they are known.
std::optional<std::vector<SymbolicInt>> known_integers(const TypeContext& context, size_t i);
/// The elements of shape input i as dimensions of a new tensor.
Result<Dims> shape_input(const TypeContext& context, size_t i);

/// What the output of an integer operation holds, when it follows from its inputs.
std::optional<std::vector<SymbolicInt>> integer_output(const TypeContext& context,
                                                       const Type& output);

}  // namespace bb::ir
