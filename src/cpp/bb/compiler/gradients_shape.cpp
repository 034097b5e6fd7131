// Gradients of operators that move or repeat elements: reshapes, transpose, expand and concat.
#include "bb/compiler/gradients.h"

namespace bb::compiler {

/// Reshape, Flatten, Squeeze and Unsqueeze keep the order of the elements.
Status reshape_gradient(Step& step) {
  step.add(0, step.write.reshape_like(step.dy(), step.in(0)));
  return {};
}

Status transpose_gradient(Step& step) {
  const int64_t rank = step.write.rank(step.in(0));
  Ints perm = step.node.ints_attr("perm");
  Ints inverse(static_cast<size_t>(rank));
  for (int64_t axis = 0; axis < rank; ++axis) {
    const int64_t from = perm.empty() ? rank - 1 - axis : perm[static_cast<size_t>(axis)];
    inverse[static_cast<size_t>(from)] = axis;
  }
  step.add(0, step.write.transpose(step.dy(), inverse));
  return {};
}

Status expand_gradient(Step& step) { return step.add_unbroadcast(0, step.dy()); }

/// Each operand takes its block of the result; offsets are constants as long as sizes are known.
Status concat_gradient(Step& step) {
  Writer& write = step.write;
  const int64_t axis = step.axis(0, write.rank(step.out()));
  const std::string axes = write.ints({axis});
  int64_t known = 0;
  std::string begin = write.ints({0});
  for (size_t i = 0; i < step.node.inputs.size(); ++i) {
    const ir::Type& type = write.type(step.in(i));
    const ir::Dim& size = write.dims(step.in(i))[static_cast<size_t>(axis)];
    const std::string length = write.shape_vector({size}, {{step.in(i), axis}});
    known = known >= 0 && size.known() ? known + size.value : -1;
    const std::string end = known >= 0 ? write.ints({known}) : write.binary("Add", begin, length);
    if (step.wants(i)) step.add(i, write.emit("Slice", {step.dy(), begin, end, axes}, type));
    begin = end;
  }
  return {};
}

}  // namespace bb::compiler
