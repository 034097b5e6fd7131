// Hand-made artifacts for tests: target functions written node by node, then stamped.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bb/ir/passport.h"

namespace bb::test {

/// Builds one function; `frame` of every node is set by in_frame.
class FunctionBuilder {
 public:
  FunctionBuilder(std::string domain, std::string name) {
    function_.domain = std::move(domain);
    function_.name = std::move(name);
  }
  FunctionBuilder& input(const std::string& name, const std::string& type) {
    function_.inputs.push_back(name);
    return typed(name, type);
  }
  FunctionBuilder& in_frame(int frame) {
    frame_ = frame;
    return *this;
  }
  /// Outputs are (name, type).
  FunctionBuilder& node(std::string_view domain, const std::string& op,
                        std::vector<std::string> inputs,
                        const std::vector<std::pair<std::string, std::string>>& outputs,
                        std::map<std::string, ir::Attr> attrs = {}) {
    ir::Node node;
    node.name = function_.name + "." + op + std::to_string(function_.nodes.size());
    node.domain = domain;
    node.op = op;
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    for (const auto& [name, type] : outputs) {
      node.outputs.push_back(name);
      if (!name.empty()) typed(name, type);
    }
    if (frame_ >= 0) node.meta["bb.frame"] = std::to_string(frame_);
    node.meta["bb.loc"] = "round.py:" + std::to_string(function_.nodes.size() + 1);
    function_.nodes.push_back(std::move(node));
    return *this;
  }
  FunctionBuilder& output(const std::string& name) {
    function_.outputs.push_back(name);
    return *this;
  }
  ir::Function build() { return std::move(function_); }

 private:
  FunctionBuilder& typed(const std::string& name, const std::string& type) {
    function_.types[name] = *ir::Type::parse(type);
    return *this;
  }
  ir::Function function_;
  int frame_ = -1;
};

/// Stamps functions and tables into artifact bytes.
inline std::string artifact(std::vector<ir::Function> functions, ir::Meta tables) {
  ir::Model model;
  model.functions = std::move(functions);
  model.meta = std::move(tables);
  model.meta["bb.stage"] = "compiled";
  ir::stamp_passport(model);
  return ir::to_onnx(model);
}

}  // namespace bb::test
