// Pass place: gives every operation the kind of machine it runs on, from `g.on` and the flow of
// data.
//
// Values join the operations they connect into sets of one kind; a NetOut has a sending side, on
// the kind of its inputs, and a receiving side on the kind it names. Constants belong everywhere.
#include <algorithm>

#include "bb/base/config.h"
#include "bb/base/descriptor.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"
#include "bb/compiler/union_find.h"

namespace bb::compiler {
namespace {

bool is_net_out(const ir::Node& node) { return node.is(ir::domain::kWire, "NetOut"); }

bool legal_kind(const std::string& kind) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  return !kind.empty() && std::all_of(kind.begin(), kind.end(), word) &&
         !std::isdigit(static_cast<unsigned char>(kind[0]));
}

class Placer {
 public:
  Placer(ir::Function& entry, const Config& inputs)
      : entry_(entry),
        count_(entry.nodes.size()),
        constants_(constant_values(entry)),
        sets_(2 * count_ + entry.inputs.size()),
        placed_(2 * count_ + entry.inputs.size()) {
    for (size_t i = 0; i < count_; ++i)
      for (const std::string& name : entry.nodes[i].outputs)
        owner_[name] = is_net_out(entry.nodes[i]) ? count_ + i : i;
    for (size_t i = 0; i < entry.inputs.size(); ++i) {
      owner_[entry.inputs[i]] = 2 * count_ + i;
      const Config& kind = inputs.get(entry.inputs[i]);
      if (kind.is_string()) placed_[2 * count_ + i] = {kind.as_string(), entry.inputs[i]};
    }
  }

  Status run() {
    BB_RETURN_IF_ERROR(seed());
    for (size_t i = 0; i < count_; ++i)
      if (!is_constant(entry_.nodes[i])) BB_RETURN_IF_ERROR(join_inputs(i));
    BB_RETURN_IF_ERROR(settle());
    return check_destinations();
  }
  std::string kind_of_input(size_t i) { return placed_[sets_.root(2 * count_ + i)].kind; }

 private:
  struct Place {
    std::string kind;   ///< empty: not decided
    std::string where;  ///< what decided it
  };

  bool is_constant(const ir::Node& node) const {
    return node.is_onnx() && !node.outputs.empty() && constants_.contains(node.outputs[0]);
  }

  Status seed() {
    for (size_t i = 0; i < count_; ++i) {
      const ir::Node& node = entry_.nodes[i];
      if (is_constant(node)) continue;
      if (const std::string& kind = kind_of(node); !kind.empty()) {
        if (!legal_kind(kind)) return bad_kind(node, kind);
        placed_[i] = {kind, location_of(node)};
      }
      if (!is_net_out(node)) continue;
      const std::string at = node.string_attr("at");
      if (!legal_kind(at)) return bad_kind(node, at);
      placed_[count_ + i] = {at, location_of(node)};
    }
    for (const Place& place : placed_) {
      if (place.kind.empty()) continue;
      if (!legal_kind(place.kind)) return bad_kind(ir::Node{}, place.kind);
      kinds_.insert(place.kind);
    }
    return {};
  }

  static Error bad_kind(const ir::Node& node, const std::string& kind) {
    return node_error(node, "bad_kind", "a kind of machine is named by letters, digits and _", kind,
                      "write g.on(\"server\")");
  }

  Status join_inputs(size_t i) {
    for (const std::string& name : entry_.nodes[i].inputs) {
      if (name.empty() || constants_.contains(name)) continue;
      const size_t owner = sets_.root(owner_.at(name));
      const size_t user = sets_.root(i);
      const Place from = placed_[owner];
      const Place to = placed_[user];
      if (!from.kind.empty() && !to.kind.empty() && from.kind != to.kind)
        return conflict(i, name, from, to);
      placed_[sets_.join(owner, user)] = from.kind.empty() ? to : from;
    }
    return {};
  }

  Error conflict(size_t i, const std::string& value, const Place& from, const Place& to) const {
    const ir::Node& user = entry_.nodes[i];
    const size_t owner = owner_.at(value);
    const std::string hint =
        "send it with g.net_out(port, value, to=peers, at=\"" + to.kind + "\")";
    if (owner >= 2 * count_)
      return node_error(user, "input_on_two_kinds",
                        "host input \"" + value + "\" is used on " + from.kind + " (" + from.where +
                            ") and on " + to.kind + " (" + to.where + ")",
                        value, "declare one input per kind, or send the value with g.net_out");
    const ir::Node& maker = entry_.nodes[owner % count_];
    return node_error(user, "placement",
                      "a value made at " + location_of(maker) + " on " + from.kind + " (by " +
                          from.where + ") is used at " + location_of(user) + " on " + to.kind +
                          " (by " + to.where + ")",
                      from.kind + " -> " + to.kind, hint);
  }

  /// Sets that nothing decided go to the only kind there is, or to `main`.
  Status settle() {
    const std::string only = kinds_.empty() ? "main" : *kinds_.begin();
    for (size_t i = 0; i < placed_.size(); ++i) {
      const bool receiver = i >= count_ && i < 2 * count_;
      if (receiver || (i < count_ && is_constant(entry_.nodes[i]))) continue;
      Place& place = placed_[sets_.root(i)];
      if (place.kind.empty() && kinds_.size() > 1) return unplaced(i);
      if (place.kind.empty()) place = {only, {}};
    }
    for (size_t i = 0; i < count_; ++i) {
      ir::Node& node = entry_.nodes[i];
      if (is_constant(node)) {
        node.meta.erase("bb.on");
      } else {
        node.meta["bb.on"] = placed_[sets_.root(i)].kind;
      }
    }
    return {};
  }

  Error unplaced(size_t i) const {
    const bool input = i >= 2 * count_;
    const std::string what =
        input ? "host input \"" + entry_.inputs[i - 2 * count_] + "\"" : entry_.nodes[i].op;
    std::string kinds;
    for (const std::string& kind : kinds_) kinds += (kinds.empty() ? "" : ", ") + kind;
    return make_error(Fault::kCompile, "unplaced", what + " could run on any of: " + kinds, what,
                      "record it inside `with g.on(kind):`",
                      input ? "inputs" : location_of(entry_.nodes[i]));
  }

  Status check_destinations() const {
    std::set<std::string> running;
    for (const ir::Node& node : entry_.nodes)
      if (!is_constant(node)) running.insert(kind_of(node));
    const std::vector<std::string> known(running.begin(), running.end());
    for (const ir::Node& node : entry_.nodes)
      if (is_net_out(node) && !running.contains(node.string_attr("at")))
        return unknown_name("empty_kind", "this sends to a kind that does nothing",
                            node.string_attr("at"), known, location_of(node));
    return {};
  }

  ir::Function& entry_;
  size_t count_;
  std::set<std::string> constants_;
  UnionFind sets_;
  std::vector<Place> placed_;
  std::map<std::string, size_t> owner_;
  std::set<std::string> kinds_;
};

}  // namespace

Result<PassResult> run_place(ir::Model model) {
  ir::Function& entry = *entry_of(model);
  const std::string& text = meta_of(entry.meta, "bb.inputs");
  Result<Config> inputs = Config::parse(text.empty() ? "{}" : text);
  if (!inputs.ok() || !inputs->is_dict())
    return make_error(Fault::kCompile, "bad_table", "the table of host inputs is malformed", text,
                      "record the program again", "bb.inputs");
  Placer placer(entry, *inputs);
  BB_RETURN_IF_ERROR(placer.run());
  Config::Dict kinds;
  for (size_t i = 0; i < entry.inputs.size(); ++i) kinds[entry.inputs[i]] = placer.kind_of_input(i);
  entry.meta["bb.inputs"] = Config(std::move(kinds)).text();
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
