// Connected components of a target by data and order, each with one root.
#include "bb/compiler/frame_graph.h"

#include "bb/compiler/gather_depth.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
bool is_recorded_gather(const ir::Node& node) {
  return node.is(ir::domain::kFlow, "Gather") && node.attr("gather") == nullptr;
}

}  // namespace

FrameGraph::FrameGraph(const ir::Function& target)
    : target_(&target),
      constants_(constant_values(target)),
      sets_(target.nodes.size() + 1),
      root_(target.nodes.size() + 1, kNone),
      frame_(target.nodes.size(), -1) {
  const size_t count = target.nodes.size();
  root_[count] = count;
  for (const std::string& name : target.inputs) owner_[name] = count;
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& name : target.nodes[i].outputs) owner_[name] = i;
    if (target.nodes[i].is(ir::domain::kWire, "Recv")) root_[i] = i;
  }
}

bool FrameGraph::is_constant(size_t node) const {
  const ir::Node& it = target_->nodes[node];
  return it.is_onnx() && constants_.contains(it.outputs[0]);
}

std::string FrameGraph::root_text(size_t root) const {
  if (root == target_->nodes.size()) return "the invocation with its host inputs";
  std::string ports;
  for (const std::string& port : target_->nodes[root].strings_attr("ports"))
    ports += (ports.empty() ? "\"" : ", \"") + port + "\"";
  return "the arrival of " + ports + " (sent at " + location_of(target_->nodes[root]) + ")";
}

Error FrameGraph::mixed(size_t node, size_t a, size_t b) const {
  const ir::Node& at = target_->nodes[node];
  return node_error(
      at, "mixed_frames",
      at.op + " mixes values of two executions: " + root_text(a) + " and " + root_text(b),
      target_->name, "join them with g.gather(x, of=peers)");
}

Status FrameGraph::join(size_t node) {
  const ir::Node& it = target_->nodes[node];
  for (size_t i = first_own_input(it); i < it.inputs.size(); ++i) {
    const std::string& name = it.inputs[i];
    if (name.empty() || constants_.contains(name)) continue;
    const size_t a = sets_.root(owner_.at(name));
    const size_t b = sets_.root(node);
    if (a == b) continue;
    const size_t root_a = root_[a];
    const size_t root_b = root_[b];
    if (root_a != kNone && root_b != kNone && root_a != root_b) return mixed(node, root_a, root_b);
    root_[sets_.join(a, b)] = root_a != kNone ? root_a : root_b;
  }
  return {};
}

int64_t FrameGraph::frame_of_gathered(size_t gather) const {
  const auto found = owner_.find(target_->nodes[gather].inputs[0]);
  const bool local = found != owner_.end() && found->second < target_->nodes.size();
  return local && !constants_.contains(found->first) ? frame_[found->second] : -1;
}

Status FrameGraph::check_gathers() {
  for (size_t i = 0; i < target_->nodes.size(); ++i) {
    const ir::Node& node = target_->nodes[i];
    if (!is_recorded_gather(node)) continue;
    const int64_t source = frame_of_gathered(i);
    if (source >= 0 && source != frame_[i]) continue;
    return node_error(node, "gather_source",
                      "gather \"" + node.string_attr("name") +
                          "\" takes a value of its own execution; nothing arrives to be joined",
                      node.inputs[0], "gather the result of g.net_out");
  }
  return {};
}

Result<FrameGraph> FrameGraph::build(const ir::Function& target) {
  FrameGraph graph(target);
  const size_t count = target.nodes.size();
  for (size_t i = 0; i < count; ++i)
    if (!graph.is_constant(i)) BB_RETURN_IF_ERROR(graph.join(i));
  for (size_t i = 0; i < count; ++i) {
    const size_t root = graph.root_[graph.sets_.root(i)];
    graph.frame_[i] = root == kNone || root == count ? -1 : static_cast<int64_t>(root);
  }
  BB_RETURN_IF_ERROR(graph.check_gathers());
  return graph;
}

}  // namespace bb::compiler
