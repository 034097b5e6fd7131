// Checks that every execution can start: some entry leads, send by send, to its arrival.
#pragma once

#include <vector>

#include "bb/compiler/frame_graph.h"

namespace bb::compiler {

/// `graphs` belong to the target functions of `model` in order.
/// Errors: CompileError mixed_frames naming the operation that joins an arrival with the execution
/// that asked for it; never_starts when an arrival only answers itself.
Status check_starts(const ir::Model& model, std::vector<FrameGraph>& graphs);

}  // namespace bb::compiler
