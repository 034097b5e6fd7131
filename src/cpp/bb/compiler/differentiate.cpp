// The reverse pass: which values lie between inputs and output, and one gradient rule per node.
#include "bb/compiler/differentiate.h"

#include <algorithm>
#include <set>

#include "bb/base/descriptor.h"
#include "bb/compiler/gradients.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

using Names = std::vector<std::string>;

bool is_float(const ir::Type& type) {
  return type.is_tensor() && (type.dtype == DType::kF32 || type.dtype == DType::kF64);
}

Error error_at(const std::string& place, std::string code, std::string message, std::string value,
               std::string hint) {
  return make_error(Fault::kCompile, std::move(code), std::move(message), std::move(value),
                    std::move(hint), place);
}

/// The function with the types of all its values.
Result<ir::Function> typed(const ir::Function& function) {
  ir::Function copy = function;
  for (const ir::Node& node : copy.nodes) {
    if (!node.is_onnx())
      return error_at(place_of(node), "not_differentiable",
                      "only ai.onnx operators can be differentiated", node.domain + "." + node.op,
                      "move it out of the differentiated function, or inline the call first");
    for (const std::string& output : node.outputs)
      if (!output.empty() && !copy.types[output].complete()) {
        BB_RETURN_IF_ERROR(ir::infer_types(copy, ir::Model{}));
        return copy;
      }
  }
  return copy;
}

Status check_request(const ir::Function& function, const std::string& output,
                     std::span<const std::string> wrt) {
  Names known;
  for (const auto& [name, type] : function.types) known.push_back(name);
  const auto hint = [](const std::string& near) {
    return near.empty() ? std::string("use a name of the function")
                        : "did you mean \"" + near + "\"?";
  };
  const auto found = function.types.find(output);
  if (found == function.types.end())
    return error_at(function.name, "unknown_value", "there is no value of this name", output,
                    hint(nearest(output, known)));
  const ir::Type& type = found->second;
  const auto sizes = type.shape ? known_dims(*type.shape) : std::nullopt;
  if (!is_float(type) || !sizes || element_count(*sizes) != 1)
    return error_at(function.name, "not_scalar",
                    "only one floating-point number can be differentiated",
                    output + ": " + type.text(), "reduce it first, for example with ReduceMean");
  for (size_t i = 0; i < wrt.size(); ++i) {
    if (std::find(function.inputs.begin(), function.inputs.end(), wrt[i]) == function.inputs.end())
      return error_at(function.name, "not_an_input", "gradients are taken of function inputs only",
                      wrt[i], hint(nearest(wrt[i], function.inputs)));
    const ir::Type& input = function.types.at(wrt[i]);
    if (!is_float(input) || !input.shape)
      return error_at(function.name, "not_differentiable",
                      "gradients exist for floating-point tensors of known rank only",
                      wrt[i] + ": " + input.text(), "cast it to float32 inside the function");
    if (std::find(wrt.begin(), wrt.begin() + static_cast<int64_t>(i), wrt[i]) !=
        wrt.begin() + static_cast<int64_t>(i))
      return error_at(function.name, "duplicate_input", "an input is named twice", wrt[i],
                      "name each input once");
  }
  return {};
}

/// The float values that depend on `wrt` through operators that are not constant.
std::set<std::string> dependents(const ir::Function& function, std::span<const std::string> wrt) {
  std::set<std::string> active(wrt.begin(), wrt.end());
  for (const ir::Node& node : function.nodes) {
    const GradientInfo* info = find_gradient(node.op);
    if (info && !info->rule) continue;
    const bool depends =
        std::any_of(node.inputs.begin(), node.inputs.end(),
                    [&](const std::string& name) { return active.contains(name); });
    if (!depends) continue;
    for (const std::string& output : node.outputs)
      if (!output.empty() && is_float(function.types.at(output))) active.insert(output);
  }
  return active;
}

/// Keeps the nodes, and the types of the values, that the outputs need.
void keep_needed(ir::Function& function) {
  std::set<std::string> needed(function.outputs.begin(), function.outputs.end());
  std::vector<ir::Node> kept;
  for (auto node = function.nodes.rbegin(); node != function.nodes.rend(); ++node) {
    const bool used = std::any_of(node->outputs.begin(), node->outputs.end(),
                                  [&](const std::string& name) { return needed.contains(name); });
    if (!used) continue;
    for (const std::string& input : node->inputs)
      if (!input.empty()) needed.insert(input);
    for (const std::string& output : node->outputs)
      if (!output.empty()) needed.insert(output);
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  function.nodes = std::move(kept);
  needed.insert(function.inputs.begin(), function.inputs.end());
  std::erase_if(function.types, [&](const auto& entry) { return !needed.contains(entry.first); });
}

/// Blocks as whole summands: disjoint blocks of one axis become one.
Names join_blocks(Writer& write, const std::string& value, std::vector<Block> blocks) {
  std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
    return std::pair(a.axis, a.first) < std::pair(b.axis, b.first);
  });
  Names whole;
  while (!blocks.empty()) {
    std::vector<Block> layer, rest;
    for (const Block& block : blocks) {
      const bool fits = layer.empty() || (layer.back().axis == block.axis &&
                                          layer.back().first + layer.back().size <= block.first);
      (fits ? layer : rest).push_back(block);
    }
    const size_t axis = static_cast<size_t>(layer[0].axis);
    whole.push_back(write.join(layer, write.dims(value)[axis].value));
    blocks = std::move(rest);
  }
  return whole;
}

/// The gradient of `value`: the sum of its summands, or "" when there are none.
std::string total_gradient(Writer& write, const std::string& value, SummandsByValue& summands) {
  const auto found = summands.find(value);
  if (found == summands.end()) return {};
  Names parts = std::move(found->second.whole);
  for (std::string& part : join_blocks(write, value, std::move(found->second.blocks)))
    parts.push_back(std::move(part));
  summands.erase(found);
  std::string total = parts[0];
  for (size_t i = 1; i < parts.size(); ++i) total = write.binary("Add", total, parts[i]);
  return total;
}

Status check_shapes(const ir::Function& function, const ir::Node& node) {
  for (const Names* names : {&node.inputs, &node.outputs})
    for (const std::string& name : *names) {
      if (name.empty() || function.types.at(name).shape) continue;
      return error_at(place_of(node), "undecidable_shape",
                      "the rank of a value on the way to the gradient is not known", name,
                      "give the inputs types with a shape, such as float32[N,64]");
    }
  return {};
}

/// Applies the rule of one node when the output depends on it.
Status step_back(const ir::Function& function, const ir::Node& node,
                 const std::set<std::string>& active, Writer& write, SummandsByValue& summands) {
  const bool reached = std::any_of(node.outputs.begin(), node.outputs.end(),
                                   [&](const std::string& out) { return summands.contains(out); });
  if (!reached) return {};
  const GradientInfo* info = find_gradient(node.op);
  if (!info)
    return error_at(place_of(node), "no_gradient", "this operator has no gradient rule", node.op,
                    "use operators listed in gradients.def, or do not train what lies before it");
  BB_RETURN_IF_ERROR(check_shapes(function, node));
  write.begin(node.outputs[0], node.meta);
  Names gradients;
  for (const std::string& out : node.outputs)
    gradients.push_back(total_gradient(write, out, summands));
  Step step(node, write, active, gradients, summands);
  return info->rule(step);
}

}  // namespace

Result<ir::Function> differentiate(const ir::Function& function, std::string_view output_name,
                                   std::span<const std::string> wrt) {
  BB_ASSIGN_OR_RETURN(ir::Function result, typed(function));
  const std::string output(output_name);
  BB_RETURN_IF_ERROR(check_request(result, output, wrt));
  const std::set<std::string> active = dependents(result, wrt);
  expose_log_probabilities(result, active);
  const std::vector<ir::Node> forward = result.nodes;
  Writer write(result);
  SummandsByValue summands;
  if (active.contains(output)) {
    write.begin(output, {});
    const std::string one = write.scalar(1, write.dtype(output));
    summands[output].whole = {write.reshape_like(one, output)};
  }
  for (auto node = forward.rbegin(); node != forward.rend(); ++node)
    BB_RETURN_IF_ERROR(step_back(result, *node, active, write, summands));
  result.outputs = {output};
  for (const std::string& name : wrt) {
    write.begin(name, {});
    const std::string gradient = total_gradient(write, name, summands);
    result.outputs.push_back(gradient.empty() ? write.zeros_like(name) : gradient);
  }
  keep_needed(result);
  return result;
}

}  // namespace bb::compiler
