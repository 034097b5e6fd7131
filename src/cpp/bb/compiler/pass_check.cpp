// Pass check: the artifact's bytes are read and verified as loading does, and every value is typed.
#include "bb/compiler/compile.h"
#include "bb/compiler/passes.h"
#include "bb/ir/ops.h"
#include "bb/ir/passport.h"

namespace bb::compiler {
namespace {

Status check_types(const ir::Function& function, const ir::Model& model) {
  ir::Function again = function;
  BB_RETURN_IF_ERROR(ir::infer_types(again, model));
  for (const auto& [name, type] : again.types) {
    const auto found = function.types.find(name);
    if (found != function.types.end() && found->second == type) continue;
    return make_error(Fault::kInternal, "untyped",
                      "a value's type is missing or not what its operation makes",
                      name + ": " + type.text(), "report this as a bug", function.name);
  }
  return {};
}

}  // namespace

Status verify_artifact(const ir::Model& model) {
  BB_RETURN_IF_ERROR(ir::check_passport(model));
  BB_RETURN_IF_ERROR(ir::verify(model));
  for (const ir::Function& function : model.functions)
    BB_RETURN_IF_ERROR(check_types(function, model));
  return {};
}

Result<PassResult> run_check(ir::Model model) {
  BB_ASSIGN_OR_RETURN(const ir::Model read, ir::read_artifact(ir::to_onnx(model)));
  BB_RETURN_IF_ERROR(verify_artifact(read));
  return PassResult{std::move(model), false};
}

}  // namespace bb::compiler
