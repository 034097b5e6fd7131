// The entry point of every pass, and what more than one of them does.
#pragma once

#include "bb/compiler/pass.h"

namespace bb::compiler {

#define BB_PASS(name, summary, needs, ensures) Result<PassResult> run_##name(ir::Model model);
#include "bb/compiler/passes.def"
#undef BB_PASS

/// Names every node `<function>/<operator>_<k>`; true when a name changed.
bool name_nodes(ir::Function& function);

}  // namespace bb::compiler
