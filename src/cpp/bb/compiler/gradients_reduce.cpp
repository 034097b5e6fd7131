// Gradients of reductions. Elements that tie for a maximum share its gradient equally.
#include "bb/compiler/gradients.h"

namespace bb::compiler {
namespace {

bool keeps(const Step& step) { return step.node.int_attr("keepdims", 1) != 0; }

}  // namespace

Status reduce_sum_gradient(Step& step) {
  BB_ASSIGN_OR_RETURN(const Ints axes, step.reduced_axes());
  step.add(0, step.write.spread(step.dy(), step.in(0), axes, keeps(step)));
  return {};
}

Status reduce_mean_gradient(Step& step) {
  Writer& write = step.write;
  BB_ASSIGN_OR_RETURN(const Ints axes, step.reduced_axes());
  const std::string count = write.count(step.in(0), axes, write.dtype(step.dy()));
  const std::string share = write.binary("Div", step.dy(), count);
  step.add(0, write.spread(share, step.in(0), axes, keeps(step)));
  return {};
}

Status reduce_max_gradient(Step& step) {
  Writer& write = step.write;
  BB_ASSIGN_OR_RETURN(const Ints axes, step.reduced_axes());
  const Ints dropped = keeps(step) ? Ints{} : axes;
  const std::string best = write.unsqueeze(step.out(), dropped);
  const std::string hit = write.compare("Equal", step.in(0), best);
  const std::string mask = write.cast(hit, write.dtype(step.in(0)));
  const std::string ties = write.sum(mask, axes, true);
  const std::string share = write.binary("Div", write.unsqueeze(step.dy(), dropped), ties);
  step.add(0, write.binary("Mul", mask, share));
  return {};
}

}  // namespace bb::compiler
