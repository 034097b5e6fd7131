// Pass parts: for every model slot in use, its layout table and the functions over its flat buffer.
#include "bb/compiler/part_functions.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

struct Uses {
  bool forward = false;
  bool gradient = false;
  bool apply = false;
  bool apply_scaled = false;
};

std::map<std::string, Uses> uses_of_models(const ir::Function& entry) {
  std::map<std::string, Uses> out;
  for (const ir::Node& node : entry.nodes) {
    if (node.domain != ir::domain::kModel) continue;
    Uses& uses = out[node.string_attr("slot")];
    uses.forward |= node.op == "Forward";
    uses.gradient |= node.op == "Grad" || node.op == "TrainStep";
    if (node.op == "ApplyDelta") (has_scale(node) ? uses.apply_scaled : uses.apply) = true;
  }
  return out;
}

Status build(ir::Model& model, const std::string& slot, const Uses& uses) {
  BB_ASSIGN_OR_RETURN(const ModelPart part, read_model_part(model, slot));
  std::vector<ir::Function> made;
  BB_ASSIGN_OR_RETURN(made.emplace_back(), make_evaluate(model, part));
  if (uses.forward) {
    BB_ASSIGN_OR_RETURN(made.emplace_back(), make_predict(model, part));
  }
  if (uses.gradient) {
    BB_ASSIGN_OR_RETURN(made.emplace_back(), make_objective(model, part));
  }
  if (uses.apply) {
    BB_ASSIGN_OR_RETURN(made.emplace_back(), make_apply(model, part, false));
  }
  if (uses.apply_scaled) {
    BB_ASSIGN_OR_RETURN(made.emplace_back(), make_apply(model, part, true));
  }
  model.meta["bb.layout." + slot] = layout_table(part.layout).text();
  for (ir::Function& function : made) model.functions.push_back(std::move(function));
  return {};
}

}  // namespace

Result<PassResult> run_parts(ir::Model model) {
  const std::map<std::string, Uses> uses = uses_of_models(*entry_of(model));
  for (const auto& [slot, slot_uses] : uses) {
    Status built = build(model, slot, slot_uses);
    if (!built.ok()) return std::move(built).error().at("slot " + slot);
  }
  return PassResult{std::move(model), !uses.empty()};
}

}  // namespace bb::compiler
