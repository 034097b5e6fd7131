// Pass order: within a frame, operations on one slot or cell take effect in recorded order.
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"

namespace bb::compiler {
namespace {

/// What one thing (a slot, or a cell of a slot) has seen so far in one frame.
struct History {
  size_t last_write = static_cast<size_t>(-1);
  std::vector<size_t> reads;  ///< since the last write
};

class Orderer {
 public:
  explicit Orderer(ir::Function& target) : target_(target), reach_(target) {}

  bool run() {
    for (size_t i = 0; i < target_.nodes.size(); ++i) {
      const ir::Node& node = target_.nodes[i];
      const std::string frame = meta_of(node.meta, "bb.frame");
      if (node.domain == ir::domain::kState) {
        const std::string cell = node.string_attr("slot") + "\n" + node.string_attr("cell");
        visit(i, history_[{frame, cell}], node.op == "Read");
      } else if (!role_of(node).empty()) {
        visit(i, history_[{frame, node.string_attr("slot")}], false);
      }
    }
    drop_implied();
    return modified_;
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  void visit(size_t node, History& history, bool only_reads) {
    if (only_reads) {
      if (history.last_write != kNone) wait(history.last_write, node);
      history.reads.push_back(node);
      return;
    }
    if (history.last_write != kNone) wait(history.last_write, node);
    for (const size_t read : history.reads) wait(read, node);
    history = {node, {}};
  }

  /// Makes `later` wait for `earlier` unless it does already.
  void wait(size_t earlier, size_t later) {
    if (reach_.reaches(earlier, later)) return;
    for (const std::string& value : target_.nodes[earlier].outputs) {
      if (value.empty()) continue;
      add_order(target_.nodes[later], value);
      reach_.add_edge(earlier, later);
      modified_ = true;
      return;
    }
  }

  /// Drops order inputs that another input of the same node waits for anyway.
  void drop_implied() {
    const auto made_by = ir::producers(target_);
    for (ir::Node& node : target_.nodes) {
      const std::vector<std::string> order(order_inputs(node).begin(), order_inputs(node).end());
      std::set<std::string> dropped;
      for (const std::string& value : order)
        if (is_implied(node, value, dropped, made_by)) dropped.insert(value);
      if (dropped.empty()) continue;
      modified_ = true;
      std::vector<std::string> kept;
      for (const std::string& value : order)
        if (!dropped.contains(value)) kept.push_back(value);
      set_order(node, kept);
    }
  }

  bool is_implied(const ir::Node& node, const std::string& value,
                  const std::set<std::string>& dropped,
                  const std::map<std::string, size_t>& made_by) const {
    const auto maker = made_by.find(value);
    if (maker == made_by.end()) return false;
    for (const std::string& other : node.inputs) {
      const auto other_maker = made_by.find(other);
      if (other == value || dropped.contains(other) || other_maker == made_by.end()) continue;
      if (reach_.reaches(maker->second, other_maker->second)) return true;
    }
    return false;
  }

  ir::Function& target_;
  Reach reach_;
  std::map<std::pair<std::string, std::string>, History> history_;
  bool modified_ = false;
};

}  // namespace

Result<PassResult> run_order(ir::Model model) {
  bool modified = false;
  for (ir::Function& function : model.functions)
    if (function.domain == ir::domain::kTarget) modified |= Orderer(function).run();
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
