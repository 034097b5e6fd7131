// Accessors of nodes and models, constants, producers and topological order.
#include "bb/ir/graph.h"

#include <functional>
#include <queue>

#include "bb/ir/onnx_versions.h"

namespace bb::ir {
namespace {

template <class T>
T attr_or(const Node& node, std::string_view key, T fallback) {
  const Attr* found = node.attr(key);
  const T* value = found ? std::get_if<T>(found) : nullptr;
  return value ? *value : std::move(fallback);
}

/// The nodes of one cycle, "a -> b -> a"; every node with missing[i] > 0 waits for another such.
std::string cycle_text(const Function& function, const std::map<std::string, size_t>& made_by,
                       const std::vector<size_t>& missing) {
  size_t at = 0;
  while (missing[at] == 0) ++at;
  std::vector<size_t> path;
  std::vector<bool> seen(missing.size(), false);
  while (!seen[at]) {
    seen[at] = true;
    path.push_back(at);
    for (const std::string& name : function.nodes[at].inputs) {
      const auto found = made_by.find(name);
      if (found == made_by.end() || missing[found->second] == 0) continue;
      at = found->second;
      break;
    }
  }
  const auto label = [&](size_t i) {
    const Node& node = function.nodes[i];
    return node.name.empty() ? node.op : node.name;
  };
  std::string out = label(at);
  for (size_t i = path.size(); i-- > 0 && path[i] != at;) out += " -> " + label(path[i]);
  return out + " -> " + label(at);
}

}  // namespace

const Attr* Node::attr(std::string_view key) const {
  const auto found = attrs.find(std::string(key));
  return found == attrs.end() ? nullptr : &found->second;
}
int64_t Node::int_attr(std::string_view key, int64_t fallback) const {
  return attr_or<int64_t>(*this, key, fallback);
}
double Node::float_attr(std::string_view key, double fallback) const {
  return attr_or<double>(*this, key, fallback);
}
std::string Node::string_attr(std::string_view key, std::string fallback) const {
  return attr_or<std::string>(*this, key, std::move(fallback));
}
std::vector<int64_t> Node::ints_attr(std::string_view key) const {
  return attr_or<std::vector<int64_t>>(*this, key, {});
}
std::vector<std::string> Node::strings_attr(std::string_view key) const {
  return attr_or<std::vector<std::string>>(*this, key, {});
}

const Function* Model::find(std::string_view in_domain, std::string_view name) const {
  for (const Function& function : functions)
    if (function.domain == in_domain && function.name == name) return &function;
  return nullptr;
}
Function* Model::find(std::string_view in_domain, std::string_view name) {
  for (Function& function : functions)
    if (function.domain == in_domain && function.name == name) return &function;
  return nullptr;
}

std::optional<Tensor> constant_value(const Node& node) {
  if (!node.is(domain::kOnnx, "Constant")) return std::nullopt;
  for (const auto& [key, value] : node.attrs) {
    if (key == "value" && std::holds_alternative<Tensor>(value)) return std::get<Tensor>(value);
    if (key == "value_int" && std::holds_alternative<int64_t>(value))
      return Tensor::scalar(std::get<int64_t>(value));
    if (key == "value_float" && std::holds_alternative<double>(value))
      return Tensor::scalar(static_cast<float>(std::get<double>(value)));
    if (key == "value_ints" && std::holds_alternative<std::vector<int64_t>>(value)) {
      const auto& list = std::get<std::vector<int64_t>>(value);
      return Tensor::of<int64_t>({static_cast<int64_t>(list.size())}, list);
    }
    if (key == "value_floats" && std::holds_alternative<std::vector<double>>(value)) {
      const auto& list = std::get<std::vector<double>>(value);
      const std::vector<float> floats(list.begin(), list.end());
      return Tensor::of<float>({static_cast<int64_t>(floats.size())}, floats);
    }
  }
  return std::nullopt;
}

void normalise_constant(Node& node) {
  std::optional<Tensor> value = constant_value(node);
  if (!value || node.attrs.size() != 1) return;
  node.attrs.clear();
  node.attrs.emplace("value", std::move(*value));
}

std::map<std::string, size_t> producers(const Function& function) {
  std::map<std::string, size_t> out;
  for (size_t i = 0; i < function.nodes.size(); ++i)
    for (const std::string& name : function.nodes[i].outputs)
      if (!name.empty()) out.emplace(name, i);
  return out;
}

Status sort_topologically(Function& function) {
  const std::map<std::string, size_t> made_by = producers(function);
  const size_t count = function.nodes.size();
  std::vector<std::vector<size_t>> consumers(count);
  std::vector<size_t> missing(count, 0);
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& name : function.nodes[i].inputs) {
      const auto found = made_by.find(name);
      if (found == made_by.end()) continue;
      consumers[found->second].push_back(i);
      ++missing[i];
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i)
    if (missing[i] == 0) ready.push(i);
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t i = ready.top();
    ready.pop();
    order.push_back(i);
    for (const size_t next : consumers[i])
      if (--missing[next] == 0) ready.push(next);
  }
  if (order.size() != count)
    return make_error(Fault::kCompile, "cycle", "these nodes wait for each other",
                      cycle_text(function, made_by, missing),
                      "an operation cannot use its own result; keep it in a state cell",
                      function.name);
  std::vector<Node> sorted;
  sorted.reserve(count);
  for (const size_t i : order) sorted.push_back(std::move(function.nodes[i]));
  function.nodes = std::move(sorted);
  return {};
}

}  // namespace bb::ir
