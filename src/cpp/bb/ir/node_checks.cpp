// Arity, inputs and attributes of one node.
#include "bb/ir/node_checks.h"

#include <algorithm>
#include <array>

#include "bb/base/descriptor.h"
#include "bb/ir/utf8.h"

namespace bb::ir {
namespace {

constexpr std::array<std::string_view, 7> kAttrKindNames = {"an int", "a float", "a string", "ints",
                                                            "floats", "strings", "a tensor"};

Error compile_error(std::string code, std::string what, std::string value = {},
                    std::string hint = {}) {
  return make_error(Fault::kCompile, std::move(code), std::move(what), std::move(value),
                    std::move(hint));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const std::string near = nearest(word, names);
  return near.empty() ? std::string() : "did you mean \"" + near + "\"?";
}

std::string count_text(int least, int most) {
  if (most < 0) return std::to_string(least) + " or more";
  if (least == most) return std::to_string(least);
  return std::to_string(least) + " to " + std::to_string(most);
}

void check_count(const Node& node, std::string_view what, size_t count, int least, int most,
                 Problems& problems) {
  const bool enough = count >= static_cast<size_t>(least);
  if (enough && (most < 0 || count <= static_cast<size_t>(most))) return;
  problems.add(place_of(node), compile_error("bad_arity",
                                             node.op + " takes " + count_text(least, most) + " " +
                                                 std::string(what),
                                             std::to_string(count)));
}

void check_attr(const Node& node, const OpInfo& info, const std::string& name, const Attr& value,
                Problems& problems) {
  for (const AttrSpec& spec : info.attr_specs) {
    if (spec.name != name) continue;
    const auto wanted = static_cast<size_t>(spec.kind);
    if (value.index() != wanted)
      problems.add(place_of(node),
                   compile_error("bad_attribute",
                                 "attribute " + name + " of " + node.op + " is " +
                                     std::string(kAttrKindNames[value.index()]),
                                 {}, "it must be " + std::string(kAttrKindNames[wanted])));
    return;
  }
  std::vector<std::string> names(info.attrs.begin(), info.attrs.end());
  problems.add(place_of(node),
               compile_error("unknown_attribute", node.op + " has no such attribute",
                             printable(name), did_you_mean(name, names)));
}

void check_attrs(const Node& node, const OpInfo& info, Problems& problems) {
  for (const auto& [name, value] : node.attrs) {
    const bool order = name == "after" && !node.is_onnx();
    if (!order) check_attr(node, info, name, value, problems);
  }
  for (const AttrSpec& spec : info.attr_specs)
    if (spec.required && !node.attr(spec.name))
      problems.add(place_of(node),
                   compile_error("missing_attribute",
                                 node.op + " needs the attribute " + std::string(spec.name)));
}

/// False when `after` is no legal count.
bool check_after(const Node& node, Problems& problems) {
  const Attr* after = node.attr("after");
  if (!after || node.is_onnx()) return true;
  const int64_t* count = std::get_if<int64_t>(after);
  if (count && *count >= 0 && *count <= static_cast<int64_t>(node.inputs.size())) return true;
  problems.add(place_of(node), compile_error("bad_attribute", "`after` must count trailing inputs",
                                             count ? std::to_string(*count) : "not an int"));
  return false;
}

}  // namespace

std::string place_of(const Node& node) {
  std::string name = node.name;
  if (name.empty() && !node.outputs.empty()) name = node.outputs.front();
  std::string out = printable(node.op) + " \"" + printable(name) + "\"";
  const auto location = node.meta.find("bb.loc");
  if (location != node.meta.end()) out += " at " + printable(location->second);
  return out;
}

Status Problems::status() const {
  if (list_.empty()) return {};
  if (list_.size() == 1) return list_.front();
  constexpr size_t kShown = 20;
  std::string all = std::to_string(list_.size()) + " problems: ";
  for (size_t i = 0; i < std::min(list_.size(), kShown); ++i) {
    if (i > 0) all += "; ";
    all += "(" + std::to_string(i + 1) + ") " + list_[i].text();
  }
  if (list_.size() > kShown) all += "; and " + std::to_string(list_.size() - kShown) + " more";
  return compile_error(list_.front().code, std::move(all));
}

size_t data_input_count(const Node& node) {
  if (node.is_onnx() || is_call_domain(node.domain)) return node.inputs.size();
  return node.inputs.size() - std::min(node.inputs.size(), node.after_count());
}

void check_node(const Node& node, const OpInfo& info, Problems& problems) {
  if (!check_after(node, problems)) return;
  const size_t inputs = data_input_count(node);
  check_count(node, "inputs", inputs, info.min_inputs, info.max_inputs, problems);
  check_count(node, "outputs", node.outputs.size(), info.min_outputs, info.outputs, problems);
  const bool optional = node.is_onnx() && info.max_inputs >= 0;
  const size_t required = optional ? static_cast<size_t>(info.min_inputs) : node.inputs.size();
  for (size_t i = 0; i < std::min(required, node.inputs.size()); ++i)
    if (node.inputs[i].empty())
      problems.add(place_of(node), compile_error("bad_arity", "input " + std::to_string(i) +
                                                                  " of " + node.op + " is empty"));
  check_attrs(node, info, problems);
}

Error unknown_op(const Node& node) {
  std::vector<std::string> domains, names;
  for (const OpInfo& row : all_ops()) {
    if (row.domain == node.domain) names.emplace_back(row.name);
    if (std::find(domains.begin(), domains.end(), row.domain) == domains.end())
      domains.emplace_back(row.domain);
  }
  if (names.empty())
    return compile_error("unknown_domain", "no operators are known in this domain",
                         printable(node.domain), did_you_mean(node.domain, domains));
  const std::string shown = node.is_onnx() ? "ai.onnx" : node.domain;
  return compile_error("unknown_op", "there is no such operator in " + shown, printable(node.op),
                       did_you_mean(node.op, names));
}

}  // namespace bb::ir
