// The compiler's graph: functions of nodes over named values, as read from and written to ONNX.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bb/ir/type.h"
#include "bb/tensor/tensor.h"

namespace bb::ir {

namespace domain {
inline constexpr std::string_view kOnnx = "";
inline constexpr std::string_view kModule = "ai.bytesandbrains.module";
inline constexpr std::string_view kPart = "ai.bytesandbrains.part";
inline constexpr std::string_view kModel = "ai.bytesandbrains.model";
inline constexpr std::string_view kData = "ai.bytesandbrains.data";
inline constexpr std::string_view kPeers = "ai.bytesandbrains.peers";
inline constexpr std::string_view kAggregate = "ai.bytesandbrains.aggregate";
inline constexpr std::string_view kState = "ai.bytesandbrains.state";
inline constexpr std::string_view kWire = "ai.bytesandbrains.wire";
inline constexpr std::string_view kFlow = "ai.bytesandbrains.flow";
inline constexpr std::string_view kTarget = "ai.bytesandbrains.target";
inline constexpr std::string_view kRegion = "ai.bytesandbrains.region";
inline constexpr std::string_view kEvaluate = "ai.bytesandbrains.evaluate";
}  // namespace domain

/// An attribute value; FLOAT attributes are held as double and written back as float.
using Attr = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                          std::vector<std::string>, Tensor>;

using Meta = std::map<std::string, std::string>;

/// One operation. An empty input name is an absent optional input.
struct Node {
  std::string name;
  std::string domain;
  std::string op;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, Attr> attrs;
  Meta meta;  ///< metadata_props, e.g. bb.on, bb.loc, bb.frame

  bool is(std::string_view in_domain, std::string_view in_op) const {
    return domain == in_domain && op == in_op;
  }
  bool is_onnx() const { return domain.empty(); }
  const Attr* attr(std::string_view key) const;
  int64_t int_attr(std::string_view key, int64_t fallback) const;
  double float_attr(std::string_view key, double fallback) const;
  std::string string_attr(std::string_view key, std::string fallback = {}) const;
  std::vector<int64_t> ints_attr(std::string_view key) const;
  std::vector<std::string> strings_attr(std::string_view key) const;
  /// How many trailing inputs are for order only.
  size_t after_count() const { return static_cast<size_t>(int_attr("after", 0)); }
};

/// A function: inputs, nodes in topological order, outputs, and the types of its values.
struct Function {
  std::string domain;
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<Node> nodes;
  std::map<std::string, Type> types;  ///< by value name
  Meta meta;
};

/// A whole program: functions and model metadata.
struct Model {
  std::vector<Function> functions;
  Meta meta;
  Function* find(std::string_view domain, std::string_view name);
  const Function* find(std::string_view domain, std::string_view name) const;
};

/// The tensor of a Constant node, whichever value attribute holds it; absent for other nodes.
std::optional<Tensor> constant_value(const Node& node);

/// Index from value name to the node that makes it; absent for function inputs.
std::map<std::string, size_t> producers(const Function& function);
/// Stable topological order (by first appearance). Errors: CompileError cycle naming the nodes.
Status sort_topologically(Function& function);

/// Bytes of an ONNX ModelProto -> Model. Errors: CompileError not_onnx, truncated, bad_* (never
/// throws or crashes).
Result<Model> from_onnx(std::string_view bytes);
/// Model -> deterministic ONNX bytes (ir_version 10, opset 18, metadata sorted by key).
std::string to_onnx(const Model& model);

/// Readable text, one node per line; the format of explain() and of golden tests.
std::string text(const Function& function);
std::string text(const Model& model);

}  // namespace bb::ir
