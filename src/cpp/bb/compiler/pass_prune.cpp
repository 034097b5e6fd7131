// Pass prune: drops operations whose results nothing needs, and state cells that are never read.
//
// An operation that only waited for a dropped write waits for what the write waited for instead.
#include <algorithm>

#include "bb/base/config.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

bool is_join(const ir::Node& node) { return node.is(ir::domain::kFlow, "Join"); }
bool is_read(const ir::Node& node) { return node.is(ir::domain::kState, "Read"); }
bool is_write(const ir::Node& node) { return node.is(ir::domain::kState, "Write"); }

using CellKey = std::tuple<std::string, std::string, std::string>;  // kind, slot, cell
CellKey cell_of(const ir::Node& node) {
  return {kind_of(node), node.string_attr("slot"), node.string_attr("cell")};
}
/// The host reads the parameters of every model, so writing them always counts.
bool is_parameters(const ir::Node& node) {
  return !node.string_attr("slot").empty() && node.string_attr("cell") == "params";
}

class Pruner {
 public:
  explicit Pruner(ir::Function& entry)
      : entry_(entry), made_by_(ir::producers(entry)), live_(entry.nodes.size(), false) {
    for (size_t i = 0; i < entry.nodes.size(); ++i)
      if (is_write(entry.nodes[i])) writes_[cell_of(entry.nodes[i])].push_back(i);
  }

  bool run() {
    for (size_t i = 0; i < entry_.nodes.size(); ++i)
      if (is_root(entry_.nodes[i])) mark(i);
    while (keep_last_writes()) {
    }
    if (std::all_of(live_.begin(), live_.end(), [](bool live) { return live; })) return false;
    std::vector<ir::Node> kept;
    for (size_t i = 0; i < entry_.nodes.size(); ++i) {
      if (!live_[i]) continue;
      if (!entry_.nodes[i].is_onnx()) bypass_dead_writes(entry_.nodes[i]);
      kept.push_back(std::move(entry_.nodes[i]));
    }
    entry_.nodes = std::move(kept);
    return true;
  }

 private:
  static bool is_root(const ir::Node& node) {
    const ir::OpInfo* info = ir::find_op(node.domain, node.op);
    const bool effect = info != nullptr && info->side_effect && !is_write(node);
    return effect || (is_write(node) && is_parameters(node));
  }

  void mark(size_t start) {
    std::vector<size_t> open = {start};
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      if (live_[i]) continue;
      live_[i] = true;
      const ir::Node& node = entry_.nodes[i];
      if (is_read(node))
        for (const size_t write : writes_[cell_of(node)]) open.push_back(write);
      demand(node, open);
    }
  }

  /// What `node` needs; a write that it only waits for need not happen itself.
  void demand(const ir::Node& node, std::vector<size_t>& open) {
    const size_t data = data_inputs(node).size();
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const auto found = made_by_.find(node.inputs[k]);
      if (found == made_by_.end()) continue;
      const ir::Node& maker = entry_.nodes[found->second];
      const bool only_waits = k >= data || is_join(node);
      if (only_waits && is_write(maker)) {
        demand(maker, open);
      } else {
        open.push_back(found->second);
      }
    }
  }

  bool is_dead_write(const std::string& value) const {
    const auto found = made_by_.find(value);
    return found != made_by_.end() && !live_[found->second] &&
           is_write(entry_.nodes[found->second]);
  }

  /// A join needs one input at least; true when a write came alive for it.
  bool keep_last_writes() {
    for (size_t i = 0; i < entry_.nodes.size(); ++i) {
      const ir::Node& node = entry_.nodes[i];
      if (!live_[i] || !is_join(node)) continue;
      const auto inputs = data_inputs(node);
      const bool empty = std::all_of(inputs.begin(), inputs.end(),
                                     [&](const auto& name) { return is_dead_write(name); });
      if (!empty) continue;
      mark(made_by_.at(inputs[0]));
      return true;
    }
    return false;
  }

  void bypass(const std::string& value, std::vector<std::string>& order) const {
    if (!is_dead_write(value)) {
      order.push_back(value);
      return;
    }
    for (const std::string& name : entry_.nodes[made_by_.at(value)].inputs) bypass(name, order);
  }

  void bypass_dead_writes(ir::Node& node) const {
    std::vector<std::string> data, order;
    for (const std::string& name : data_inputs(node))
      is_join(node) && is_dead_write(name) ? bypass(name, order) : data.push_back(name);
    for (const std::string& name : order_inputs(node)) bypass(name, order);
    node.inputs = data;
    node.attrs.erase("after");
    for (const std::string& name : order) add_order(node, name);
  }

  ir::Function& entry_;
  std::map<std::string, size_t> made_by_;
  std::vector<bool> live_;
  std::map<CellKey, std::vector<size_t>> writes_;
};

/// A join of one trigger that already waits for the rest is that trigger.
bool drop_joins(ir::Function& entry) {
  const Reach reach(entry);
  const auto made_by = ir::producers(entry);
  Substitution gone;
  std::vector<ir::Node> kept;
  for (ir::Node& node : entry.nodes) {
    const bool single = is_join(node) && data_inputs(node).size() == 1;
    const auto maker = single ? made_by.find(node.inputs[0]) : made_by.end();
    const auto order = order_inputs(node);
    const bool implied =
        maker != made_by.end() &&
        std::all_of(order.begin(), order.end(), [&](const std::string& name) {
          const auto found = made_by.find(name);
          return found == made_by.end() || reach.reaches(found->second, maker->second);
        });
    gone.apply(node.inputs);
    if (implied) {
      gone.replace(node.outputs[0], node.inputs[0]);
    } else {
      kept.push_back(std::move(node));
    }
  }
  const bool dropped = kept.size() != entry.nodes.size();
  entry.nodes = std::move(kept);
  gone.apply(entry.outputs);
  return dropped;
}

/// `bb.uses` = {slot: [kinds]}: which kinds need the binding of a slot.
Config slot_uses(const ir::Function& entry) {
  std::map<std::string, std::set<std::string>> uses;
  for (const ir::Node& node : entry.nodes)
    for (const std::string& slot : {node.string_attr("slot"), meta_of(node.meta, "bb.slot")})
      if (!slot.empty() && !kind_of(node).empty()) uses[slot].insert(kind_of(node));
  Config::Dict out;
  for (const auto& [slot, kinds] : uses) {
    Config::List list;
    for (const std::string& kind : kinds) list.emplace_back(kind);
    out[slot] = std::move(list);
  }
  return out;
}

void drop_types(ir::Function& entry) {
  std::set<std::string> known(entry.inputs.begin(), entry.inputs.end());
  for (const ir::Node& node : entry.nodes) known.insert(node.outputs.begin(), node.outputs.end());
  std::erase_if(entry.types, [&](const auto& item) { return !known.contains(item.first); });
}

}  // namespace

Result<PassResult> run_prune(ir::Model model) {
  ir::Function& entry = *entry_of(model);
  entry.outputs.clear();
  for (const ir::Node& node : entry.nodes)
    if (node.is(ir::domain::kFlow, "Output")) entry.outputs.push_back(node.outputs[0]);
  bool modified = Pruner(entry).run();
  modified |= drop_joins(entry);
  drop_types(entry);
  model.meta["bb.uses"] = slot_uses(entry).text();
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
