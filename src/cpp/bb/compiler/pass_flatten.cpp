// Pass flatten: replaces calls of part functions by their bodies, so that regions can span them.
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

bool is_part_call(const ir::Node& node) {
  return node.domain == ir::domain::kPart || node.domain == ir::domain::kEvaluate;
}

}  // namespace

Result<PassResult> run_flatten(ir::Model model) {
  ir::Function& entry = *entry_of(model);
  Names names(entry);
  Substitution renamed;
  std::vector<ir::Node> nodes;
  bool modified = false;
  for (ir::Node& node : entry.nodes) {
    renamed.apply(node.inputs);
    if (!is_part_call(node)) {
      nodes.push_back(std::move(node));
      continue;
    }
    modified = true;
    const ir::Function* callee = model.find(node.domain, node.op);
    BB_CHECK(callee != nullptr && callee->inputs.size() == node.inputs.size());
    Body body = instantiate(*callee, node.inputs, node.name, node.meta, names);
    for (ir::Node& inner : body.nodes) nodes.push_back(std::move(inner));
    for (size_t i = 0; i < node.outputs.size(); ++i)
      renamed.replace(node.outputs[i], body.outputs[i]);
  }
  entry.nodes = std::move(nodes);
  renamed.apply(entry.outputs);
  std::erase_if(model.functions,
                [](const ir::Function& function) { return function.domain == ir::domain::kPart; });
  BB_RETURN_IF_ERROR(ir::infer_types(*entry_of(model), model));
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
