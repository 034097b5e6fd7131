// Pass name: gives every node a name unique in the program and checks that the model is a recorded
// one.
#include <set>

#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

Status check_recorded(const ir::Model& model) {
  const std::string& stage = meta_of(model.meta, "bb.stage");
  if (stage != "recorded")
    return make_error(
        Fault::kCompile, "not_recorded", "this model is not a recorded program", stage,
        stage == "compiled" ? "it is compiled already" : "record it with Module.build");
  if (entry_of(model) != nullptr) return {};
  std::vector<std::string> known;
  for (const ir::Function& function : model.functions)
    if (function.domain == ir::domain::kModule) known.push_back(function.name);
  return unknown_name("no_entry", "the program's entry function does not exist",
                      meta_of(model.meta, "bb.entry"), known, "bb.entry");
}

bool legal_part(const std::string& name) {
  return name.ends_with(".forward") || name.ends_with(".loss") || name.ends_with(".step");
}

Status check_functions(const ir::Model& model) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kModule && function.domain != ir::domain::kPart)
      return make_error(Fault::kCompile, "unexpected_function",
                        "a recorded program holds modules and parts only", function.domain,
                        "record the program again", function.name);
    if (function.domain == ir::domain::kPart && !legal_part(function.name))
      return make_error(Fault::kCompile, "unexpected_function",
                        "a graph part has the functions forward, loss and step", function.name,
                        "bind parts with bb.compile", function.domain);
    if (!seen.insert({function.domain, function.name}).second)
      return make_error(Fault::kCompile, "duplicate_function", "two functions have one name",
                        function.name, "record the program again", function.domain);
  }
  return {};
}

}  // namespace

Result<PassResult> run_name(ir::Model model) {
  BB_RETURN_IF_ERROR(check_recorded(model));
  BB_RETURN_IF_ERROR(check_functions(model));
  bool modified = false;
  for (ir::Function& function : model.functions) modified |= name_nodes(function);
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
