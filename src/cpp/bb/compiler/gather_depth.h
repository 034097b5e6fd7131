// How many gathers lie on the path before each operation; a value after a gather comes later.
#pragma once

#include <vector>

#include "bb/ir/graph.h"

namespace bb::compiler {

/// Depth of every node: the most gathers passed on any path to it. The gathered value itself (the
/// first input of a recorded gather) comes from another frame and does not count.
std::vector<int> gather_depths(const ir::Function& function);

/// Inputs of a node that belong to its own frame: all but the gathered value of a recorded gather.
size_t first_own_input(const ir::Node& node);

}  // namespace bb::compiler
