// Short ways to prepare functions on the CPU backend and to compare what they give.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bb/parts/backends/cpu.h"
#include "ir/ir_builder.h"

namespace bb::test {

using ir::testing::constant;
using ir::testing::ints;
using ir::testing::onnx;
using Floats = std::vector<float>;

inline Tensor floats(const Floats& values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}
inline Floats list(const Tensor& t) { return {t.view<float>().begin(), t.view<float>().end()}; }

/// A region whose inputs are float32 vectors of any length.
inline ir::Function region(const std::vector<std::string>& inputs, std::vector<ir::Node> nodes,
                           std::vector<std::string> outputs) {
  std::vector<std::pair<std::string, std::string>> typed;
  for (const std::string& name : inputs) typed.emplace_back(name, "float32[" + name + "_n]");
  return ir::testing::function(ir::domain::kRegion, "region", typed, std::move(nodes),
                               std::move(outputs));
}

inline std::shared_ptr<const Executable> prepare(const ir::Function& function) {
  auto made = cpu_backend().prepare(function);
  if (!made.ok()) ADD_FAILURE() << made.error().text();
  return made.ok() ? *made : nullptr;
}

inline std::vector<Tensor> run(const Executable& executable, const std::vector<Tensor>& inputs,
                               size_t outputs) {
  std::vector<Tensor> out(outputs);
  const Status status = executable.run(inputs, out);
  if (!status.ok()) ADD_FAILURE() << status.error().text();
  return out;
}

inline std::vector<Tensor> run(const ir::Function& function, const std::vector<Tensor>& inputs) {
  return run(*prepare(function), inputs, function.outputs.size());
}

/// The code of the error a run ends with, or "" when it succeeds.
inline std::string error_of(const ir::Function& function, const std::vector<Tensor>& inputs) {
  auto made = cpu_backend().prepare(function);
  if (!made.ok()) return made.error().code;
  std::vector<Tensor> out(function.outputs.size());
  const Status status = (*made)->run(inputs, out);
  return status.ok() ? "" : status.error().code;
}

}  // namespace bb::test
