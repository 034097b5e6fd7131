// Gradients of softmax, log-softmax and the softmax cross-entropy loss.
//
// Pattern of the loss a backend may fuse (mean, no weights; p is the second output of the loss):
//   dx = Mul(Sub(Exp(p), OneHot(labels, C, [0, 1], axis=1)), Div(dy, count))
#include "bb/compiler/gradients.h"

namespace bb::compiler {
namespace {

/// dy - exp(y) · sum(dy), for y a log-softmax along `axis`.
std::string through_log_softmax(Writer& write, const std::string& y, const std::string& dy,
                                int64_t axis) {
  const std::string total = write.sum(dy, {axis}, true);
  const std::string spread = write.binary("Mul", write.unary("Exp", y), total);
  return write.binary("Sub", dy, spread);
}

/// The labels one-hot along axis 1, with the shape and dtype of the logits.
std::string one_hot(Writer& write, const std::string& labels, const std::string& logits) {
  const DType dtype = write.dtype(logits);
  const std::string values =
      write.constant(dtype == DType::kF32 ? Tensor::of<float>({2}, std::vector<float>{0, 1})
                                          : Tensor::of<double>({2}, std::vector<double>{0, 1}));
  const std::string classes = write.count(logits, {1}, DType::kI64);
  return write.emit("OneHot", {labels, classes, values},
                    ir::Type::tensor(dtype, write.dims(logits)), {{"axis", int64_t{1}}});
}

/// The labels, 0 where they are to be ignored, and the weight of each; no weight: all are 1.
struct Labels {
  std::string safe;
  std::string weight;
};

Labels weigh(Step& step) {
  Writer& write = step.write;
  Labels out{step.in(1), {}};
  const DType dtype = write.dtype(step.in(0));
  std::string ignored;
  if (step.node.attr("ignore_index")) {
    const int64_t index = step.node.int_attr("ignore_index", 0);
    const std::string mark = write.scalar(static_cast<double>(index), write.dtype(out.safe));
    ignored = write.compare("Equal", out.safe, mark);
    out.safe = write.where(ignored, write.scalar(0, write.dtype(out.safe)), out.safe);
  }
  if (step.has_input(2))
    out.weight = write.emit("Gather", {step.in(2), out.safe},
                            ir::Type::tensor(dtype, write.dims(out.safe)), {{"axis", int64_t{0}}});
  if (!ignored.empty())
    out.weight = write.where(ignored, write.scalar(0, dtype),
                             out.weight.empty() ? write.scalar(1, dtype) : out.weight);
  return out;
}

/// The factor of each sample's gradient: dy times its weight, divided by the total for a mean.
std::string sample_scale(Step& step, const Labels& labels, const std::string& reduction) {
  Writer& write = step.write;
  std::string scale = step.dy();
  if (reduction == "mean") {
    const Ints axes = all_axes(write.rank(labels.safe));
    const std::string total = labels.weight.empty()
                                  ? write.count(labels.safe, axes, write.dtype(scale))
                                  : write.sum(labels.weight, axes, false);
    scale = write.binary("Div", scale, total);
  }
  if (!labels.weight.empty()) scale = write.binary("Mul", labels.weight, scale);
  return write.rank(scale) == 0 ? scale : write.unsqueeze(scale, {1});
}

}  // namespace

void expose_log_probabilities(ir::Function& function, const std::set<std::string>& active) {
  for (ir::Node& node : function.nodes) {
    if (!node.is(ir::domain::kOnnx, "SoftmaxCrossEntropyLoss") || !active.contains(node.inputs[0]))
      continue;
    if (node.outputs.size() < 2) node.outputs.emplace_back();
    if (!node.outputs[1].empty()) continue;
    node.outputs[1] = Writer(function).free_name(node.outputs[0] + ".log_prob");
    function.types[node.outputs[1]] = function.types.at(node.inputs[0]);
  }
}

Status softmax_gradient(Step& step) {
  Writer& write = step.write;
  const int64_t axis = step.axis(-1, write.rank(step.in(0)));
  const std::string total = write.sum(write.binary("Mul", step.dy(), step.out()), {axis}, true);
  step.add(0, write.binary("Mul", step.out(), write.binary("Sub", step.dy(), total)));
  return {};
}

Status log_softmax_gradient(Step& step) {
  const int64_t axis = step.axis(-1, step.write.rank(step.in(0)));
  step.add(0, through_log_softmax(step.write, step.out(), step.dy(), axis));
  return {};
}

/// The labels and the class weights are not differentiated.
Status cross_entropy_gradient(Step& step) {
  Writer& write = step.write;
  if (step.wants(2))
    return step.error("no_gradient", "class weights have no gradient rule", step.in(2),
                      "use weights that do not depend on trained parameters");
  const std::string& log_probabilities = step.out(1);
  if (!step.dy(0).empty()) {
    const Labels labels = weigh(step);
    const std::string hot = one_hot(write, labels.safe, step.in(0));
    const std::string error = write.binary("Sub", write.unary("Exp", log_probabilities), hot);
    const std::string scale =
        sample_scale(step, labels, step.node.string_attr("reduction", "mean"));
    step.add(0, write.binary("Mul", error, scale));
  }
  if (!step.dy(1).empty())
    step.add(0, through_log_softmax(write, log_probabilities, step.dy(1), 1));
  return {};
}

}  // namespace bb::compiler
