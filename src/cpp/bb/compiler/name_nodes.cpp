// Names of nodes: the function, the operator, and a count of that operator.
#include "bb/compiler/passes.h"

namespace bb::compiler {

bool name_nodes(ir::Function& function) {
  std::map<std::string, size_t> count;
  bool changed = false;
  for (ir::Node& node : function.nodes) {
    std::string name = function.name + "/";
    if (node.domain == ir::domain::kRegion) {
      name += node.op.substr(node.op.rfind('.') + 1);
    } else {
      name += node.op + "_" + std::to_string(count[node.op]++);
    }
    changed |= name != node.name;
    node.name = std::move(name);
  }
  return changed;
}

}  // namespace bb::compiler
