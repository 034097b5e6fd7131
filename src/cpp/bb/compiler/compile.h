// Compiler: turns a recorded program into an artifact, one pass after the other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bb/compiler/pass.h"

namespace bb::compiler {

struct Options {
  std::string explain_after;  ///< name of a pass whose text is wanted even when it changed nothing
  bool verify_each = true;    ///< verify the program and the stated properties around every pass
};

struct Compiled {
  std::string bytes;   ///< the artifact (docs/ir.md), canonical
  std::string digest;  ///< hex; equal for programs that do the same
  /// Pass name -> text of the program after it; only passes that changed it, and explain_after.
  std::vector<std::pair<std::string, std::string>> stages;
};

/// Compiles a recorded program with its bindings (docs/ir.md).
/// Errors: CompileError of the pass that refused it, `where` naming the pass and the author's line.
Result<Compiled> compile(std::string_view recorded_onnx, const Options& options);

/// Names of the passes in order.
std::vector<std::string> pass_names();

/// Checks a compiled model: passport, digest, integrity, every function, every type.
/// Errors: InstallError of ir::check_passport; CompileError of ir::verify; InternalError untyped.
Status verify_artifact(const ir::Model& model);

}  // namespace bb::compiler
