// Pass frames: gives every operation its frame and splits gathers into Contribute and Gather.
#include "bb/base/config.h"
#include "bb/compiler/frame_graph.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/start_check.h"

namespace bb::compiler {
namespace {

/// Frames of one kind in their final order: the entry first, then receives by group.
struct FrameTable {
  std::map<int64_t, int64_t> index;  ///< frame of FrameGraph -> index
  Config::List rows;
};

FrameTable table_of(const ir::Function& target, FrameGraph& graph) {
  bool has_entry = !target.inputs.empty();
  std::map<int64_t, size_t> recv_of_group;
  for (size_t i = 0; i < target.nodes.size(); ++i) {
    if (graph.is_constant(i)) continue;
    has_entry |= graph.frame_of(i) < 0;
    if (target.nodes[i].is(ir::domain::kWire, "Recv"))
      recv_of_group[target.nodes[i].int_attr("group", 0)] = i;
  }
  FrameTable out;
  if (has_entry) {
    out.index[-1] = 0;
    out.rows.push_back(Config::Dict{{"kind", "entry"}});
  }
  for (const auto& [group, node] : recv_of_group) {
    out.index[static_cast<int64_t>(node)] = static_cast<int64_t>(out.rows.size());
    Config::List edges;
    for (const int64_t edge : target.nodes[node].ints_attr("edges")) edges.emplace_back(edge);
    out.rows.push_back(
        Config::Dict{{"kind", "recv"}, {"group", group}, {"edges", std::move(edges)}});
  }
  return out;
}

/// The part of a gather that runs where its value arrives.
ir::Node contribute(const ir::Node& gather, const std::string& sender, int64_t id,
                    const std::string& frame, Names& names) {
  ir::Node node;
  node.domain = gather.domain;
  node.op = "Contribute";
  node.name = gather.name + "/contribute";
  node.inputs = {gather.inputs[0], sender};
  node.outputs = {names.fresh(gather.name + "/contributed")};
  node.attrs = {{"gather", id}, {"name", gather.string_attr("name")}};
  node.meta = gather.meta;
  node.meta["bb.frame"] = frame;
  return node;
}

void split(ir::Function& target, FrameGraph& graph, const FrameTable& table, int64_t& next_gather) {
  Names names(target);
  std::vector<ir::Node> nodes;
  const std::vector<ir::Node>& before = target.nodes;
  for (size_t i = 0; i < before.size(); ++i) {
    ir::Node node = before[i];
    if (graph.is_constant(i)) {
      nodes.push_back(std::move(node));
      continue;
    }
    node.meta["bb.frame"] = std::to_string(table.index.at(graph.frame_of(i)));
    if (node.is(ir::domain::kFlow, "Gather")) {
      const int64_t source = graph.frame_of_gathered(i);
      nodes.push_back(contribute(node, before[static_cast<size_t>(source)].outputs.back(),
                                 next_gather, std::to_string(table.index.at(source)), names));
      target.types[nodes.back().outputs[0]] = ir::Type::of(ir::Kind::kTrigger);
      node.inputs.erase(node.inputs.begin());
      node.attrs["gather"] = next_gather++;
    }
    nodes.push_back(std::move(node));
  }
  target.nodes = std::move(nodes);
}

Status check_gather(const ir::Node& node, const ir::Function& target,
                    const std::map<std::string, size_t>& made_by) {
  const int64_t need = node.int_attr("need", -1);
  const std::string key = node.string_attr("key");
  if (need != -1 && need < 1)
    return node_error(node, "bad_need", "a gather needs at least one value", std::to_string(need),
                      "write need=\"all\" or a positive number");
  if (node.int_attr("timeout_ns", 0) < 1)
    return node_error(node, "bad_timeout", "a gather needs a timeout above zero",
                      std::to_string(node.int_attr("timeout_ns", 0)), "write timeout=\"30s\"");
  if (key != "root" && key != "round")
    return unknown_name("bad_key", "a gather's key is \"root\" or \"round\"", key,
                        {"root", "round"}, location_of(node));
  const auto peers = made_by.find(node.inputs[1]);
  if (peers == made_by.end()) return {};
  const int64_t sampled = target.nodes[peers->second].int_attr("n", -1);
  if (!target.nodes[peers->second].is(ir::domain::kPeers, "Sample") || sampled < 0 ||
      need <= sampled)
    return {};
  return node_error(node, "need_too_large",
                    "the gather needs " + std::to_string(need) + " values but only " +
                        std::to_string(sampled) + " peers are sampled",
                    std::to_string(need), "need at most " + std::to_string(sampled));
}

Status check_gathers(const ir::Function& target) {
  const auto made_by = ir::producers(target);
  for (const ir::Node& node : target.nodes)
    if (node.is(ir::domain::kFlow, "Gather"))
      BB_RETURN_IF_ERROR(check_gather(node, target, made_by));
  return {};
}

}  // namespace

Result<PassResult> run_frames(ir::Model model) {
  Config::Dict frames;
  std::vector<FrameGraph> graphs;
  for (const ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kTarget) continue;
    BB_RETURN_IF_ERROR(check_gathers(function));
    BB_ASSIGN_OR_RETURN(FrameGraph graph, FrameGraph::build(function));
    graphs.push_back(std::move(graph));
  }
  BB_RETURN_IF_ERROR(check_starts(model, graphs));
  int64_t next_gather = 0;
  size_t k = 0;
  for (ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kTarget) continue;
    FrameTable table = table_of(function, graphs[k]);
    split(function, graphs[k], table, next_gather);
    frames[function.name] = std::move(table.rows);
    ++k;
  }
  model.meta["bb.frames"] = Config(std::move(frames)).text();
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
