// Short ways to write nodes, functions and models in tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bb/ir/graph.h"
#include "bb/ir/ops.h"

namespace bb::ir::testing {

using Names = std::vector<std::string>;
using Attrs = std::map<std::string, Attr>;

inline Tensor ints(std::vector<int64_t> values) {
  return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

inline Node node(std::string_view in_domain, std::string op, Names inputs, Names outputs,
                 Attrs attrs = {}) {
  Node out;
  out.domain = std::string(in_domain);
  out.op = std::move(op);
  out.name = outputs.empty() ? out.op : "n_" + outputs.front();
  out.inputs = std::move(inputs);
  out.outputs = std::move(outputs);
  out.attrs = std::move(attrs);
  return out;
}
inline Node onnx(std::string op, Names inputs, Names outputs, Attrs attrs = {}) {
  return node(domain::kOnnx, std::move(op), std::move(inputs), std::move(outputs),
              std::move(attrs));
}
inline Node constant(std::string name, Tensor value) {
  return onnx("Constant", {}, {std::move(name)}, {{"value", std::move(value)}});
}

/// A function whose inputs are given as {name, type text}.
inline Function function(std::string_view in_domain, std::string name,
                         const std::vector<std::pair<std::string, std::string>>& inputs,
                         std::vector<Node> nodes, Names outputs) {
  Function out;
  out.domain = std::string(in_domain);
  out.name = std::move(name);
  for (const auto& [input, type] : inputs) {
    out.inputs.push_back(input);
    out.types[input] = Type::parse(type).value();
  }
  out.nodes = std::move(nodes);
  out.outputs = std::move(outputs);
  return out;
}

/// An argument of one tested operator: a type, or a constant.
struct Argument {
  std::string type;
  Tensor value;
  Argument(const char* text) : type(text) {}
  Argument(Tensor tensor) : value(std::move(tensor)) {}
  Argument(std::vector<int64_t> list) : value(ints(std::move(list))) {}
};

/// A function with one operator: inputs a, b, c, …, outputs y0, y1, …; "" stands for no input.
inline Function one_node(std::string_view in_domain, const std::string& op,
                         const std::vector<Argument>& arguments, Attrs attrs, size_t outputs) {
  Function out;
  out.domain = std::string(domain::kRegion);
  out.name = "f";
  Node call = node(in_domain, op, {}, {}, std::move(attrs));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    if (arguments[i].value.defined()) {
      out.nodes.push_back(constant(name, arguments[i].value));
    } else if (!arguments[i].type.empty()) {
      out.inputs.push_back(name);
      out.types[name] = Type::parse(arguments[i].type).value();
    }
    const bool given = arguments[i].value.defined() || !arguments[i].type.empty();
    call.inputs.push_back(given ? name : "");
  }
  for (size_t i = 0; i < outputs; ++i) call.outputs.push_back("y" + std::to_string(i));
  out.outputs = call.outputs;
  out.nodes.push_back(std::move(call));
  return out;
}

/// Types of the outputs of one operator, "float32[N] int64[]", or "error: <code>".
inline std::string inferred(const std::string& op, const std::vector<Argument>& arguments,
                            Attrs attrs = {}, size_t outputs = 1,
                            std::string_view in_domain = domain::kOnnx) {
  Function f = one_node(in_domain, op, arguments, std::move(attrs), outputs);
  const Names names = f.outputs;
  const Status status = infer_types(f, Model{});
  if (!status.ok()) return "error: " + status.error().code;
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + f.types.at(name).text();
  return out;
}

}  // namespace bb::ir::testing
