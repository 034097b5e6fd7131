// Pass verify: every recorded function is well formed, in topological order, and parts are pure.
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

Status check_pure(const ir::Function& part) {
  for (const ir::Node& node : part.nodes)
    if (!node.is_onnx())
      return node_error(
          node, "part_not_pure",
          "part \"" + part.name + "\" holds an operation that is not an ONNX operator",
          node.domain + "." + node.op, "a graph part computes with bb.ops only");
  return {};
}

/// Compiled forms have no place in a recorded program.
Status check_forms(const ir::Function& function) {
  for (const ir::Node& node : function.nodes) {
    const bool compiled =
        node.is(ir::domain::kWire, "Send") || node.is(ir::domain::kWire, "Recv") ||
        node.is(ir::domain::kFlow, "Contribute") || node.domain == ir::domain::kRegion;
    if (compiled)
      return node_error(node, "compiled_operator", "a recorded program cannot hold this operator",
                        node.op, "send with net_out and join with gather");
    if (node.domain == ir::domain::kState && !node.string_attr("slot").empty())
      return node_error(node, "bad_cell", "only the compiler makes cells of a slot",
                        node.string_attr("slot"), "declare a cell with g.state");
    if (node.is(ir::domain::kFlow, "Gather") && data_inputs(node).size() != 2)
      return node_error(node, "bad_gather", "a gather takes the gathered value and its peers",
                        std::to_string(data_inputs(node).size()) + " inputs",
                        "write g.gather(x, of=peers)");
  }
  return {};
}

}  // namespace

Result<PassResult> run_verify(ir::Model model) {
  bool modified = false;
  for (ir::Function& function : model.functions) {
    const std::vector<ir::Node> before = function.nodes;
    BB_RETURN_IF_ERROR(ir::sort_topologically(function));
    for (size_t i = 0; i < before.size(); ++i) modified |= before[i].name != function.nodes[i].name;
  }
  BB_RETURN_IF_ERROR(ir::verify(model));
  for (const ir::Function& function : model.functions) {
    if (function.domain == ir::domain::kPart) BB_RETURN_IF_ERROR(check_pure(function));
    if (function.domain == ir::domain::kModule) BB_RETURN_IF_ERROR(check_forms(function));
  }
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
