// FunctionBuilder: writes a pure ai.onnx function node by node.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bb/compiler/rewrite.h"

namespace bb::compiler {

class FunctionBuilder {
 public:
  /// Starts a function whose inputs have the given types; `outputs` are reserved names.
  FunctionBuilder(std::string_view domain, std::string name,
                  std::vector<std::pair<std::string, ir::Type>> inputs,
                  std::vector<std::string> outputs);

  /// Appends an operator with one output and returns its value.
  std::string node(std::string op, std::vector<std::string> inputs,
                   std::map<std::string, ir::Attr> attrs = {});
  std::string constant(const Tensor& tensor);
  std::string ints(const std::vector<int64_t>& values);
  /// Splices the body of `callee`; returns its outputs.
  std::vector<std::string> call(const ir::Function& callee, const std::vector<std::string>& actuals,
                                const std::string& scope);
  /// Makes `value` the function's next output.
  void output(const std::string& value);
  /// Names the nodes and infers every type. Errors: CompileError of ir::infer_types.
  Result<ir::Function> finish(const ir::Model& model);

 private:
  ir::Function function_;
  Names names_;
  std::vector<std::string> wanted_;
  std::vector<std::string> given_;
};

}  // namespace bb::compiler
