// Pass canonicalize: final order of functions, final names of nodes and values, no leftover
// metadata.
#include <algorithm>

#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

bool is_target(const ir::Function& function) { return function.domain == ir::domain::kTarget; }

/// Values become v0, v1, … in order; names in `kept` stay.
void rename_values(ir::Function& function, const std::set<std::string>& kept) {
  std::map<std::string, std::string> to;
  size_t next = 0;
  const auto rename = [&](std::string& name) {
    if (name.empty() || kept.contains(name)) return;
    const auto [found, added] = to.emplace(name, "");
    while (added && (found->second.empty() || kept.contains(found->second)))
      found->second = "v" + std::to_string(next++);
    name = found->second;
  };
  std::map<std::string, ir::Type> types;
  const auto rename_typed = [&](std::string& name) {
    if (name.empty()) return;
    const ir::Type type = function.types.at(name);
    rename(name);
    types[name] = type;
  };
  std::for_each(function.inputs.begin(), function.inputs.end(), rename_typed);
  for (ir::Node& node : function.nodes) {
    std::for_each(node.inputs.begin(), node.inputs.end(), rename);
    std::for_each(node.outputs.begin(), node.outputs.end(), rename_typed);
  }
  std::for_each(function.outputs.begin(), function.outputs.end(), rename);
  function.types = std::move(types);
}

void clean(ir::Function& function) {
  std::set<std::string> kept;
  if (function.domain != ir::domain::kRegion)
    kept.insert(function.inputs.begin(), function.inputs.end());
  if (function.domain == ir::domain::kEvaluate)
    kept.insert(function.outputs.begin(), function.outputs.end());
  function.meta.clear();
  for (ir::Node& node : function.nodes)
    std::erase_if(node.meta, [](const auto& item) {
      return item.first != "bb.loc" && item.first != "bb.frame";
    });
  rename_values(function, kept);
  name_nodes(function);
}

/// Regions count from 0 in the order of their calls.
void number_regions(ir::Function& target, std::map<std::string, std::string>& to) {
  size_t next = 0;
  for (ir::Node& node : target.nodes) {
    if (node.domain != ir::domain::kRegion) continue;
    const std::string name = target.name + ".r" + std::to_string(next++);
    to[node.op] = name;
    node.op = name;
  }
}

/// Targets by kind, each followed by its regions in the order of calls, then evaluate functions.
std::vector<ir::Function> in_order(std::vector<ir::Function> functions) {
  std::map<std::string, ir::Function> targets, regions, evaluates;
  for (ir::Function& function : functions) {
    auto& group = is_target(function)                      ? targets
                  : function.domain == ir::domain::kRegion ? regions
                                                           : evaluates;
    group.emplace(function.name, std::move(function));
  }
  std::vector<ir::Function> out;
  for (auto& [kind, target] : targets) {
    std::vector<std::string> called;
    for (const ir::Node& node : target.nodes)
      if (node.domain == ir::domain::kRegion) called.push_back(node.op);
    out.push_back(std::move(target));
    for (const std::string& name : called) out.push_back(std::move(regions.at(name)));
  }
  for (auto& [slot, function] : evaluates) out.push_back(std::move(function));
  return out;
}

}  // namespace

Result<PassResult> run_canonicalize(ir::Model model) {
  std::map<std::string, std::string> regions;
  for (ir::Function& function : model.functions)
    if (is_target(function)) number_regions(function, regions);
  for (ir::Function& function : model.functions) {
    if (function.domain == ir::domain::kRegion) function.name = regions.at(function.name);
    clean(function);
  }
  model.functions = in_order(std::move(model.functions));
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
