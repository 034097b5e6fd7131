// Pass differentiate: derives `<slot>.gradient` from `<slot>.objective` for every model that is
// trained.
#include "bb/compiler/differentiate.h"

#include "bb/compiler/part_functions.h"
#include "bb/compiler/passes.h"

namespace bb::compiler {
namespace {

constexpr std::string_view kObjective = ".objective";

Result<ir::Function> gradient_of(const ir::Model& model, const std::string& slot) {
  BB_ASSIGN_OR_RETURN(const ModelPart part, read_model_part(model, slot));
  const ir::Function* objective = part_of(model, slot, "objective");
  std::vector<std::string> wrt;
  for (size_t i = 0; i < part.layout.parameters.size(); ++i) wrt.push_back(parameter_input(i));
  BB_ASSIGN_OR_RETURN(const ir::Function gradient, differentiate(*objective, "loss", wrt));
  return make_gradient(model, part, gradient);
}

}  // namespace

Result<PassResult> run_differentiate(ir::Model model) {
  bool modified = false;
  for (size_t i = 0; i < model.functions.size(); ++i) {
    const std::string& name = model.functions[i].name;
    if (model.functions[i].domain != ir::domain::kPart || !name.ends_with(kObjective)) continue;
    const std::string slot = name.substr(0, name.size() - kObjective.size());
    Result<ir::Function> gradient = gradient_of(model, slot);
    if (!gradient.ok()) return std::move(gradient).error().at("slot " + slot);
    model.functions[i] = std::move(gradient).value();
    modified = true;
  }
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
