// An arrival whose send waits for the same arrival never happens; that is a missing gather.
#include "bb/compiler/start_check.h"

#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

/// A frame of the artifact: target index, and frame as FrameGraph counts it.
using Frame = std::pair<size_t, int64_t>;

struct Sends {
  std::map<int64_t, Frame> frame_of_group;  ///< the frame that sends a group
  std::map<int64_t, size_t> node_of_group;
};

Sends sends_of(const std::vector<const ir::Function*>& targets, std::vector<FrameGraph>& graphs) {
  Sends out;
  for (size_t t = 0; t < targets.size(); ++t)
    for (size_t i = 0; i < targets[t]->nodes.size(); ++i) {
      const ir::Node& node = targets[t]->nodes[i];
      if (!node.is(ir::domain::kWire, "Send")) continue;
      out.frame_of_group[node.int_attr("group", 0)] = {t, graphs[t].frame_of(i)};
      out.node_of_group[node.int_attr("group", 0)] = i;
    }
  return out;
}

/// Positions of the nodes that use, directly or not, what `start` makes.
std::set<size_t> descendants(const ir::Function& target, size_t start) {
  std::set<size_t> out = {start};
  std::set<std::string> values(target.nodes[start].outputs.begin(),
                               target.nodes[start].outputs.end());
  for (size_t i = start + 1; i < target.nodes.size(); ++i) {
    const ir::Node& node = target.nodes[i];
    bool uses = false;
    for (const std::string& name : node.inputs) uses |= values.contains(name);
    if (!uses) continue;
    out.insert(i);
    values.insert(node.outputs.begin(), node.outputs.end());
  }
  return out;
}

/// Nodes of the target that are connected with a send that does not wait for the arrival at `recv`.
std::set<size_t> before_arrival(const ir::Function& target, const std::set<size_t>& later,
                                FrameGraph& graph) {
  const auto made_by = ir::producers(target);
  UnionFind sets(target.nodes.size());
  const auto apart = [&](size_t i) { return later.contains(i) || graph.is_constant(i); };
  for (size_t i = 0; i < target.nodes.size(); ++i) {
    if (apart(i)) continue;
    for (const std::string& name : target.nodes[i].inputs) {
      const auto maker = made_by.find(name);
      if (maker != made_by.end() && !apart(maker->second)) sets.join(maker->second, i);
    }
  }
  std::set<size_t> sending;
  for (size_t i = 0; i < target.nodes.size(); ++i)
    if (!apart(i) && target.nodes[i].is(ir::domain::kWire, "Send")) sending.insert(sets.root(i));
  std::set<size_t> out;
  for (size_t i = 0; i < target.nodes.size(); ++i)
    if (!apart(i) && sending.contains(sets.root(i))) out.insert(i);
  return out;
}

/// Names the operation of the frame at `recv` that takes both the arrival and a value of the
/// execution that caused it; never_starts when there is none.
Error missing_gather(const ir::Function& target, FrameGraph& graph, size_t recv) {
  const std::set<size_t> later = descendants(target, recv);
  const std::set<size_t> earlier = before_arrival(target, later, graph);
  const auto made_by = ir::producers(target);
  const std::string port = target.nodes[recv].strings_attr("ports")[0];
  for (const size_t i : later) {
    const ir::Node& node = target.nodes[i];
    for (const std::string& name : node.inputs) {
      const auto maker = made_by.find(name);
      if (maker == made_by.end() || !earlier.contains(maker->second)) continue;
      return node_error(node, "mixed_frames",
                        node.op + " mixes values of two executions: the arrival of \"" + port +
                            "\" (sent at " + location_of(target.nodes[recv]) +
                            ") and the execution that it answers (value made at " +
                            location_of(target.nodes[maker->second]) + ")",
                        target.name, "join them with g.gather(x, of=peers)");
    }
  }
  return node_error(target.nodes[recv], "never_starts",
                    "port \"" + port + "\" is sent only when it has arrived, so it never is", port,
                    "send it first from an operation that waits for no arrival");
}

}  // namespace

Status check_starts(const ir::Model& model, std::vector<FrameGraph>& graphs) {
  std::vector<const ir::Function*> targets;
  for (const ir::Function& function : model.functions)
    if (function.domain == ir::domain::kTarget) targets.push_back(&function);
  const Sends sends = sends_of(targets, graphs);
  for (const auto& [group, frame] : sends.frame_of_group) {
    // Follow the senders back until an entry or a frame seen before.
    std::vector<Frame> path = {frame};
    std::set<Frame> seen = {frame};
    while (path.back().second >= 0) {
      const auto [t, recv] = path.back();
      const int64_t cause = targets[t]->nodes[static_cast<size_t>(recv)].int_attr("group", 0);
      const Frame before = sends.frame_of_group.at(cause);
      if (!seen.insert(before).second) {
        // Name the mix on the kind where a send precedes the arrival, if there is one.
        Error first = missing_gather(*targets[t], graphs[t], static_cast<size_t>(recv));
        for (const auto& [u, other] : path) {
          if (first.code == "mixed_frames" || other < 0) break;
          first = missing_gather(*targets[u], graphs[u], static_cast<size_t>(other));
        }
        return first;
      }
      path.push_back(before);
    }
  }
  return {};
}

}  // namespace bb::compiler
