// Implementation of FunctionBuilder.
#include "bb/compiler/function_builder.h"

#include "bb/compiler/passes.h"
#include "bb/ir/ops.h"

namespace bb::compiler {

FunctionBuilder::FunctionBuilder(std::string_view domain, std::string name,
                                 std::vector<std::pair<std::string, ir::Type>> inputs,
                                 std::vector<std::string> outputs)
    : wanted_(std::move(outputs)) {
  function_.domain = std::string(domain);
  function_.name = std::move(name);
  for (auto& [input, type] : inputs) {
    function_.inputs.push_back(input);
    function_.types[input] = std::move(type);
  }
  function_.outputs = wanted_;
  names_ = Names(function_);
}

std::string FunctionBuilder::node(std::string op, std::vector<std::string> inputs,
                                  std::map<std::string, ir::Attr> attrs) {
  ir::Node node;
  node.outputs = {names_.fresh(op)};
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  function_.nodes.push_back(std::move(node));
  return function_.nodes.back().outputs[0];
}

std::string FunctionBuilder::constant(const Tensor& tensor) {
  return node("Constant", {}, {{"value", tensor}});
}

std::string FunctionBuilder::ints(const std::vector<int64_t>& values) {
  return constant(Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

std::vector<std::string> FunctionBuilder::call(const ir::Function& callee,
                                               const std::vector<std::string>& actuals,
                                               const std::string& scope) {
  Body body = instantiate(callee, actuals, scope, {}, names_);
  for (ir::Node& node : body.nodes) function_.nodes.push_back(std::move(node));
  return body.outputs;
}

void FunctionBuilder::output(const std::string& value) { given_.push_back(value); }

Result<ir::Function> FunctionBuilder::finish(const ir::Model& model) {
  BB_CHECK(given_.size() == wanted_.size());
  for (size_t i = 0; i < given_.size(); ++i) {
    ir::Node node;
    node.op = "Identity";
    node.inputs = {given_[i]};
    node.outputs = {wanted_[i]};
    function_.nodes.push_back(std::move(node));
  }
  remove_identities(function_);
  merge_constants(function_);
  name_nodes(function_);
  BB_RETURN_IF_ERROR(ir::infer_types(function_, model));
  return std::move(function_);
}

}  // namespace bb::compiler
