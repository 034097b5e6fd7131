// Implementation of the tools that passes share.
#include "bb/compiler/rewrite.h"

#include <algorithm>

#include "bb/base/descriptor.h"

namespace bb::compiler {

std::string location_of(const ir::Node& node) {
  const std::string& place = meta_of(node.meta, "bb.loc");
  return place.empty() ? node.name : place;
}

Error node_error(const ir::Node& node, std::string code, std::string message, std::string value,
                 std::string hint) {
  return make_error(Fault::kCompile, std::move(code), std::move(message), std::move(value),
                    std::move(hint), location_of(node));
}

Error unknown_name(std::string code, std::string what, const std::string& value,
                   const std::vector<std::string>& known, std::string where) {
  const std::string near = nearest(value, known);
  std::string hint = "known: ";
  for (size_t i = 0; i < known.size(); ++i) hint += (i == 0 ? "" : ", ") + known[i];
  if (known.empty()) hint += "none";
  if (!near.empty()) hint = "did you mean \"" + near + "\"?";
  return make_error(Fault::kCompile, std::move(code), std::move(what), value, std::move(hint),
                    std::move(where));
}

const std::string& meta_of(const ir::Meta& meta, const std::string& key) {
  static const std::string empty;
  const auto found = meta.find(key);
  return found == meta.end() ? empty : found->second;
}

ir::Function* entry_of(ir::Model& model) {
  return model.find(ir::domain::kModule, meta_of(model.meta, "bb.entry"));
}
const ir::Function* entry_of(const ir::Model& model) {
  return model.find(ir::domain::kModule, meta_of(model.meta, "bb.entry"));
}

std::span<const std::string> data_inputs(const ir::Node& node) {
  return {node.inputs.data(), node.inputs.size() - order_inputs(node).size()};
}
std::span<const std::string> order_inputs(const ir::Node& node) {
  const size_t count = node.is_onnx() ? 0 : std::min(node.after_count(), node.inputs.size());
  return {node.inputs.data() + (node.inputs.size() - count), count};
}

void set_order(ir::Node& node, const std::vector<std::string>& values) {
  node.inputs.resize(data_inputs(node).size());
  node.attrs.erase("after");
  for (const std::string& value : values) add_order(node, value);
}

void add_order(ir::Node& node, const std::string& value) {
  if (value.empty() ||
      std::find(node.inputs.begin(), node.inputs.end(), value) != node.inputs.end())
    return;
  const auto count = static_cast<int64_t>(order_inputs(node).size());
  node.inputs.push_back(value);
  node.attrs["after"] = count + 1;
}

std::set<std::string> constant_values(const ir::Function& function) {
  std::set<std::string> out;
  for (const ir::Node& node : function.nodes) {
    if (!node.is_onnx()) continue;
    const bool constant =
        std::all_of(node.inputs.begin(), node.inputs.end(),
                    [&](const auto& name) { return name.empty() || out.contains(name); });
    if (constant) out.insert(node.outputs.begin(), node.outputs.end());
  }
  out.erase("");
  return out;
}

void remove_identities(ir::Function& function) {
  std::set<std::string> fixed(function.outputs.begin(), function.outputs.end());
  Substitution gone;
  std::erase_if(function.nodes, [&](ir::Node& node) {
    gone.apply(node.inputs);
    if (!node.is(ir::domain::kOnnx, "Identity") || fixed.contains(node.outputs[0])) return false;
    gone.replace(node.outputs[0], node.inputs[0]);
    return true;
  });
  // A value made here that an output merely repeats takes the output's name.
  fixed.insert(function.inputs.begin(), function.inputs.end());
  Substitution renamed;
  std::erase_if(function.nodes, [&](const ir::Node& node) {
    if (!node.is(ir::domain::kOnnx, "Identity") || fixed.contains(renamed.of(node.inputs[0])))
      return false;
    renamed.replace(node.inputs[0], node.outputs[0]);
    return true;
  });
  for (ir::Node& node : function.nodes) {
    renamed.apply(node.inputs);
    renamed.apply(node.outputs);
  }
}

void merge_constants(ir::Function& function) {
  const std::set<std::string> fixed(function.outputs.begin(), function.outputs.end());
  using Key = std::tuple<DType, Shape, std::string>;
  std::map<Key, std::string> first;
  Substitution gone;
  std::erase_if(function.nodes, [&](ir::Node& node) {
    gone.apply(node.inputs);
    const std::optional<Tensor> value = ir::constant_value(node);
    if (!value || fixed.contains(node.outputs[0])) return false;
    std::string bytes(reinterpret_cast<const char*>(value->raw()), value->bytes());
    const auto [found, added] =
        first.emplace(Key{value->dtype(), value->shape(), std::move(bytes)}, node.outputs[0]);
    if (!added) gone.replace(node.outputs[0], found->second);
    return !added;
  });
}

Names::Names(const ir::Function& function) {
  taken_.insert(function.inputs.begin(), function.inputs.end());
  taken_.insert(function.outputs.begin(), function.outputs.end());
  for (const ir::Node& node : function.nodes) {
    taken_.insert(node.inputs.begin(), node.inputs.end());
    taken_.insert(node.outputs.begin(), node.outputs.end());
  }
}

std::string Names::fresh(const std::string& stem) {
  std::string name = stem;
  for (int64_t i = 2; !taken_.insert(name).second; ++i) name = stem + "_" + std::to_string(i);
  return name;
}

Body instantiate(const ir::Function& callee, const std::vector<std::string>& actuals,
                 const std::string& scope, const ir::Meta& call_meta, Names& names) {
  std::map<std::string, std::string> to;
  for (size_t i = 0; i < callee.inputs.size(); ++i) to[callee.inputs[i]] = actuals[i];
  // Names that an earlier pass made in the callee start with the callee's name.
  const auto without = [&](const std::string& name) {
    return name.starts_with(callee.name + "/") ? name.substr(callee.name.size() + 1) : name;
  };
  Body body;
  for (const ir::Node& source : callee.nodes) {
    ir::Node node = source;
    node.name = scope + "/" + without(source.name);
    node.meta.insert(call_meta.begin(), call_meta.end());
    for (std::string& name : node.inputs)
      if (!name.empty()) name = to[name];
    for (std::string& name : node.outputs)
      if (!name.empty()) name = to[name] = names.fresh(scope + "/" + without(name));
    body.nodes.push_back(std::move(node));
  }
  for (const std::string& name : callee.outputs) body.outputs.push_back(to[name]);
  return body;
}

const std::string& Substitution::of(const std::string& name) const {
  const std::string* at = &name;
  for (auto found = to_.find(*at); found != to_.end(); found = to_.find(*at)) at = &found->second;
  return *at;
}
void Substitution::apply(std::vector<std::string>& values) const {
  for (std::string& value : values) value = std::string(of(value));
}

Reach::Reach(const ir::Function& function) : inputs_(function.nodes.size()) {
  const auto made_by = ir::producers(function);
  for (size_t i = 0; i < function.nodes.size(); ++i) {
    for (const std::string& name : function.nodes[i].inputs) {
      const auto found = made_by.find(name);
      if (found != made_by.end()) inputs_[i].push_back(found->second);
    }
  }
}

bool Reach::reaches(size_t from, size_t to) const {
  if (from == to) return true;
  std::vector<size_t> open = {to};
  std::set<size_t> seen = {to};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    for (const size_t next : inputs_[at]) {
      if (next == from) return true;
      if (next > from && seen.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

}  // namespace bb::compiler
