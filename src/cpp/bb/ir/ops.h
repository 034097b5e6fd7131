// The op table: one row per operator, from ops.def; arity and attribute checks and type rules come
// from it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bb/ir/graph.h"

namespace bb::ir {

struct SymbolicInt;

/// What a type rule sees: the node and the types of its inputs; constants it may need (shapes,
/// axes).
struct TypeContext {
  const Node& node;
  std::span<const Type> inputs;
  /// The constant tensor behind input i, or nullptr.
  const Tensor* (*constant)(const void* self, size_t i);
  const void* self;
  /// The elements of integer input i as numbers or symbols (Shape of a tensor, say), or nullptr.
  const std::vector<SymbolicInt>* (*integers)(const void* self, size_t i) = nullptr;
  /// What is known of the outputs already: value_info, edges, the part of a slot. May be empty.
  std::span<const Type> declared = {};

  const Tensor* constant_input(size_t i) const { return constant(self, i); }
  const std::vector<SymbolicInt>* integer_input(size_t i) const {
    return integers ? integers(self, i) : nullptr;
  }
};
/// Types of the outputs, or a CompileError that names the mismatch.
using TypeRule = Result<std::vector<Type>> (*)(const TypeContext&);

/// The types an attribute may have, in the order of the alternatives of Attr.
enum class AttrKind : uint8_t { kInt, kFloat, kString, kInts, kFloats, kStrings, kTensor };

/// One legal attribute.
struct AttrSpec {
  std::string_view name;
  AttrKind kind;
  bool required;
};

/// How an operator may be used.
struct OpInfo {
  std::string_view domain;
  std::string_view name;
  int min_inputs;
  int max_inputs;                       ///< -1: any number; order-only inputs are not counted
  int outputs;                          ///< the most outputs; -1: any number
  std::vector<std::string_view> attrs;  ///< legal attributes besides `after`
  TypeRule type_rule;
  bool side_effect;  ///< kept by prune even when no output is used
  std::string_view summary;
  int min_outputs;                   ///< fewer than `outputs` where trailing ones are optional
  std::vector<AttrSpec> attr_specs;  ///< the types of `attrs`, in the same order
};

/// The row of an operator, or nullptr.
const OpInfo* find_op(std::string_view domain, std::string_view name);
const std::vector<OpInfo>& all_ops();

/// True for the domains whose nodes are calls of functions of the same domain and name.
bool is_call_domain(std::string_view domain);

/// Checks every function: known operators, arity, attributes, single assignment, defined before
/// use, calls resolve. Errors: CompileError listing everything wrong.
Status verify(const Model& model);

/// Fills function.types from its inputs by the op table; strict: an undecidable type is an error.
/// `calls` resolves region and part calls. Errors: CompileError type_mismatch with node, location
/// and both types.
Status infer_types(Function& function, const Model& model);

}  // namespace bb::ir
