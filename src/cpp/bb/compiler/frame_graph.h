// FrameGraph: which operations of one kind run in one execution, and what starts it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "bb/compiler/union_find.h"
#include "bb/ir/graph.h"

namespace bb::compiler {

/// The frames of one target function, before gathers are split.
class FrameGraph {
 public:
  /// Errors: CompileError mixed_frames naming the operation and both arrivals; gather_source when a
  /// gather's value does not come from a frame of its own.
  static Result<FrameGraph> build(const ir::Function& target);

  /// Frame of a node: -1 the entry, else the index of its Recv node.
  int64_t frame_of(size_t node) { return frame_[node]; }
  bool is_constant(size_t node) const;
  /// The frame that makes the gathered value of a recorded gather.
  int64_t frame_of_gathered(size_t gather) const;

 private:
  explicit FrameGraph(const ir::Function& target);
  Status join(size_t node);
  Status check_gathers();
  Error mixed(size_t node, size_t a, size_t b) const;
  std::string root_text(size_t root) const;

  const ir::Function* target_;
  std::set<std::string> constants_;
  std::map<std::string, size_t> owner_;  ///< value -> node, or count for host inputs
  UnionFind sets_;
  std::vector<size_t> root_;  ///< by set: the Recv node, count for the entry, or kNone
  std::vector<int64_t> frame_;
};

}  // namespace bb::compiler
