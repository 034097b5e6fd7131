// Checks of one node against the op table, and the list that collects what is wrong.
#pragma once

#include <string>
#include <vector>

#include "bb/ir/ops.h"

namespace bb::ir {

/// `MatMul "n3" at digits.py:12`; without a name the first output stands for it.
std::string place_of(const Node& node);

/// Everything found wrong; becomes one error that lists all of it.
class Problems {
 public:
  void add(Error problem) { list_.push_back(std::move(problem)); }
  void add(std::string place, Error problem) { add(std::move(problem).at(std::move(place))); }
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  /// Success, the only problem, or "3 problems: (1) …; (2) …" with the code of the first.
  Status status() const;

 private:
  std::vector<Error> list_;
};

/// Number of inputs that count for arity: all but the order-only ones.
size_t data_input_count(const Node& node);

/// Arity, required inputs and attributes of `node` against its row.
void check_node(const Node& node, const OpInfo& info, Problems& problems);

/// The error for an operator that is not in the table; suggests the nearest of its domain.
Error unknown_op(const Node& node);

}  // namespace bb::ir
