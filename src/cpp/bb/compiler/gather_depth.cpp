// Depth of operations by gathers.
#include "bb/compiler/gather_depth.h"

#include <algorithm>

namespace bb::compiler {

size_t first_own_input(const ir::Node& node) {
  return node.is(ir::domain::kFlow, "Gather") && node.attr("gather") == nullptr ? 1 : 0;
}

std::vector<int> gather_depths(const ir::Function& function) {
  std::map<std::string, int> of_value;
  std::vector<int> out;
  for (const ir::Node& node : function.nodes) {
    int depth = 0;
    for (size_t i = first_own_input(node); i < node.inputs.size(); ++i) {
      const auto found = of_value.find(node.inputs[i]);
      if (found != of_value.end()) depth = std::max(depth, found->second);
    }
    out.push_back(depth);
    const int after = depth + (node.is(ir::domain::kFlow, "Gather") ? 1 : 0);
    for (const std::string& name : node.outputs) of_value[name] = after;
  }
  return out;
}

}  // namespace bb::compiler
