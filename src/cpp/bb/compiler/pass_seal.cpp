// Pass seal: writes passport, digest and integrity; nothing may change after it.
#include "bb/compiler/passes.h"
#include "bb/ir/passport.h"

namespace bb::compiler {

Result<PassResult> run_seal(ir::Model model) {
  ir::stamp_passport(model);
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
