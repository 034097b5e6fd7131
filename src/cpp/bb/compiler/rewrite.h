// Small tools that every pass uses: places of errors, order inputs, fresh names, bodies of calls.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "bb/ir/graph.h"

namespace bb::compiler {

/// The author's line of a node, or the node's name.
std::string location_of(const ir::Node& node);
/// A CompileError at a node.
Error node_error(const ir::Node& node, std::string code, std::string message,
                 std::string value = {}, std::string hint = {});
/// A CompileError that suggests the nearest of `known` to `value`, or lists them.
Error unknown_name(std::string code, std::string what, const std::string& value,
                   const std::vector<std::string>& known, std::string where);

/// The value of a metadata key, or empty.
const std::string& meta_of(const ir::Meta& meta, const std::string& key);
/// The kind a node is placed on, or empty.
inline const std::string& kind_of(const ir::Node& node) { return meta_of(node.meta, "bb.on"); }

/// The entry function; null when `bb.entry` names none.
ir::Function* entry_of(ir::Model& model);
const ir::Function* entry_of(const ir::Model& model);

/// Inputs that carry data, and those that are for order only.
std::span<const std::string> data_inputs(const ir::Node& node);
std::span<const std::string> order_inputs(const ir::Node& node);
/// Makes an own operation wait for `value`; nothing when it already takes it.
void add_order(ir::Node& node, const std::string& value);
/// Replaces the order inputs.
void set_order(ir::Node& node, const std::vector<std::string>& values);

/// Values computed from constants alone.
std::set<std::string> constant_values(const ir::Function& function);

/// Drops Identity nodes whose input can take their place; an output of the function keeps its name.
void remove_identities(ir::Function& function);
/// Keeps one Constant node of each value; outputs of the function keep theirs.
void merge_constants(ir::Function& function);

/// Value names of one function, for making new ones.
class Names {
 public:
  explicit Names(const ir::Function& function);
  Names() = default;
  /// `stem`, or `stem_2`, `stem_3`, … when taken.
  std::string fresh(const std::string& stem);

 private:
  std::set<std::string> taken_;
};

/// A body ready to be spliced into a caller.
struct Body {
  std::vector<ir::Node> nodes;
  std::vector<std::string> outputs;  ///< the callee's outputs as values of the caller
};
/// The body of `callee` with inputs bound to `actuals` (in the callee's order) and everything else
/// renamed under `scope`; the nodes inherit the metadata of the call that they lack themselves.
Body instantiate(const ir::Function& callee, const std::vector<std::string>& actuals,
                 const std::string& scope, const ir::Meta& call_meta, Names& names);

/// Final names of replaced values: follows chains.
class Substitution {
 public:
  void replace(const std::string& from, const std::string& to) { to_[from] = to; }
  const std::string& of(const std::string& name) const;
  void apply(std::vector<std::string>& values) const;

 private:
  std::map<std::string, std::string> to_;
};

/// Nodes reachable from others through values; positions in the function's topological order.
class Reach {
 public:
  explicit Reach(const ir::Function& function);
  /// True when node `to` uses, directly or not, an output of node `from` (or is it).
  bool reaches(size_t from, size_t to) const;
  void add_edge(size_t from, size_t to) { inputs_[to].push_back(from); }

 private:
  std::vector<std::vector<size_t>> inputs_;
};

}  // namespace bb::compiler
