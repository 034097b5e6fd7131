// The op table: one row per operator, from ops.def; arity and attribute checks and type rules come from it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bb/ir/graph.h"

namespace bb::ir {

/// What a type rule sees: the node and the types of its inputs; constants it may need (shapes, axes).
struct TypeContext {
  const Node& node;
  std::span<const Type> inputs;
  /// The constant tensor behind input i, or nullptr.
  const Tensor* (*constant)(const void* self, size_t i);
  const void* self;
  const Tensor* constant_input(size_t i) const { return constant(self, i); }
};
/// Types of the outputs, or a CompileError that names the mismatch.
using TypeRule = Result<std::vector<Type>> (*)(const TypeContext&);

/// How an operator may be used.
struct OpInfo {
  std::string_view domain;
  std::string_view name;
  int min_inputs;
  int max_inputs;  ///< -1: any number; order-only inputs are not counted
  int outputs;     ///< -1: any number
  std::vector<std::string_view> attrs;  ///< legal attributes besides `after`
  TypeRule type_rule;
  bool side_effect;  ///< kept by prune even when no output is used
  std::string_view summary;
};

/// The row of an operator, or nullptr.
const OpInfo* find_op(std::string_view domain, std::string_view name);
const std::vector<OpInfo>& all_ops();

/// Checks every function: known operators, arity, attributes, single assignment, defined before use,
/// calls resolve. Errors: CompileError listing everything wrong.
Status verify(const Model& model);

/// Fills function.types from its inputs by the op table; strict: an undecidable type is an error.
/// `calls` resolves region and part calls. Errors: CompileError type_mismatch with node, location and both types.
Status infer_types(Function& function, const Model& model);

}  // namespace bb::ir
