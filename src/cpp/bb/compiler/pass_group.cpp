// Pass group: sends of one frame to one receiver become one envelope; so do their receives.
#include <algorithm>

#include "bb/base/config.h"
#include "bb/compiler/gather_depth.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

bool is_send(const ir::Node& node) { return node.is(ir::domain::kWire, "Send"); }
bool is_recv(const ir::Node& node) { return node.is(ir::domain::kWire, "Recv"); }
bool is_target(const ir::Function& function) { return function.domain == ir::domain::kTarget; }

/// Sends with equal keys share an envelope: kind, receiver kind, `to`, gathers before.
using Key = std::tuple<std::string, std::string, std::string, int>;
using Places = std::vector<std::pair<ir::Function*, size_t>>;

std::map<Key, Places> send_groups(const std::vector<ir::Function*>& targets) {
  std::map<Key, Places> groups;
  for (ir::Function* function : targets) {
    const std::vector<int> depth = gather_depths(*function);
    for (size_t i = 0; i < function->nodes.size(); ++i) {
      const ir::Node& node = function->nodes[i];
      if (is_send(node))
        groups[{function->name, node.string_attr("to_kind"), node.inputs[0], depth[i]}]
            .emplace_back(function, i);
    }
  }
  return groups;
}

/// One send for all members, its ports in the order of edge ids.
ir::Node merged_send(const Places& members) {
  struct Port {
    std::string name, codec, value;
  };
  std::map<int64_t, Port> ports;
  std::vector<std::string> order;
  for (const auto& [function, i] : members) {
    const ir::Node& node = function->nodes[i];
    const std::vector<int64_t> edges = node.ints_attr("edges");
    for (size_t k = 0; k < edges.size(); ++k)
      ports[edges[k]] = {node.strings_attr("ports")[k], node.strings_attr("codecs")[k],
                         node.inputs[k + 1]};
    order.insert(order.end(), order_inputs(node).begin(), order_inputs(node).end());
  }
  ir::Node all = members.front().first->nodes[members.front().second];
  std::vector<std::string> names, codecs;
  std::vector<int64_t> edges;
  all.inputs.resize(1);
  for (const auto& [edge, port] : ports) {
    edges.push_back(edge);
    names.push_back(port.name);
    codecs.push_back(port.codec);
    all.inputs.push_back(port.value);
  }
  all.attrs = {{"to_kind", all.string_attr("to_kind")},
               {"group", edges.front()},
               {"ports", std::move(names)},
               {"edges", std::move(edges)},
               {"codecs", std::move(codecs)}};
  for (const std::string& name : order) add_order(all, name);
  return all;
}

/// Moves every group into its last send, where all values are there; true when sends were joined.
bool join_sends(std::vector<ir::Function*>& targets, std::map<int64_t, int64_t>& group_of) {
  bool joined = false;
  for (const auto& [key, members] : send_groups(targets)) {
    ir::Node all = merged_send(members);
    for (const int64_t edge : all.ints_attr("edges")) group_of[edge] = all.int_attr("group", 0);
    for (const auto& [function, i] : members) function->nodes[i].op.clear();
    members.back().first->nodes[members.back().second] = std::move(all);
    joined |= members.size() > 1;
  }
  for (ir::Function* function : targets)
    std::erase_if(function->nodes, [](const ir::Node& node) { return node.op.empty(); });
  return joined;
}

/// Joins the receives of each group into the first of them; their senders become one value.
void join_recvs(ir::Function& function, const std::map<int64_t, int64_t>& group_of) {
  std::map<int64_t, std::map<int64_t, size_t>> groups;  // group -> edge -> node
  for (size_t i = 0; i < function.nodes.size(); ++i) {
    ir::Node& node = function.nodes[i];
    if (!is_recv(node)) continue;
    for (const int64_t edge : node.ints_attr("edges")) groups[group_of.at(edge)].emplace(edge, i);
  }
  Substitution senders;
  for (const auto& [group, members] : groups) {
    std::set<size_t> places;
    for (const auto& [edge, i] : members) places.insert(i);
    ir::Node all = function.nodes[*places.begin()];
    const std::string sender = all.outputs.back();
    std::vector<std::string> ports, outputs;
    std::vector<int64_t> edges;
    for (const auto& [edge, i] : members) {
      const ir::Node& node = function.nodes[i];
      const std::vector<int64_t> own = node.ints_attr("edges");
      const auto k = static_cast<size_t>(std::find(own.begin(), own.end(), edge) - own.begin());
      edges.push_back(edge);
      ports.push_back(node.strings_attr("ports")[k]);
      outputs.push_back(node.outputs[k]);
      if (node.outputs.back() != sender) senders.replace(node.outputs.back(), sender);
    }
    outputs.push_back(sender);
    all.outputs = std::move(outputs);
    all.attrs = {{"group", group}, {"ports", std::move(ports)}, {"edges", std::move(edges)}};
    for (const size_t i : places) function.nodes[i].op.clear();
    function.nodes[*places.begin()] = std::move(all);
  }
  std::erase_if(function.nodes, [](const ir::Node& node) { return node.op.empty(); });
  for (ir::Node& node : function.nodes) senders.apply(node.inputs);
}

/// Groups count 0, 1, … in the order of their first edge.
void renumber(std::vector<ir::Function*>& targets, std::map<int64_t, int64_t>& group_of) {
  std::map<int64_t, int64_t> dense;
  for (const auto& [edge, group] : group_of) dense.emplace(group, 0);
  int64_t next = 0;
  for (auto& [group, number] : dense) number = next++;
  for (auto& [edge, group] : group_of) group = dense.at(group);
  for (ir::Function* function : targets)
    for (ir::Node& node : function->nodes)
      if (is_send(node) || is_recv(node))
        node.attrs["group"] = group_of.at(node.ints_attr("edges")[0]);
}

Status write_groups(ir::Model& model, const std::map<int64_t, int64_t>& group_of) {
  BB_ASSIGN_OR_RETURN(Config edges, Config::parse(model.meta.at("bb.edges")));
  for (Config& row : edges.as_list()) row["group"] = group_of.at(row.get("id").as_int());
  model.meta["bb.edges"] = edges.text();
  return {};
}

}  // namespace

Result<PassResult> run_group(ir::Model model) {
  std::vector<ir::Function*> targets;
  for (ir::Function& function : model.functions)
    if (is_target(function)) targets.push_back(&function);
  std::map<int64_t, int64_t> group_of;
  bool modified = false;
  // Joining receives makes senders equal, which may join more sends.
  while (join_sends(targets, group_of)) {
    modified = true;
    for (ir::Function* function : targets) join_recvs(*function, group_of);
  }
  renumber(targets, group_of);
  BB_RETURN_IF_ERROR(write_groups(model, group_of));
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
