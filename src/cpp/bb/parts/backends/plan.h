// Plan: a function specialised to concrete input shapes – kernels in order and memory offsets.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "bb/ir/graph.h"
#include "bb/parts/backends/kernel.h"

namespace bb::cpu {

/// Where the bytes of a value live while a plan runs.
struct Location {
  enum class Kind : uint8_t { kInput, kConstant, kOutput, kWorkspace, kNone } kind = Kind::kNone;
  size_t index = 0;   ///< which input, constant or output
  size_t offset = 0;  ///< bytes from its start (workspace: from the workspace's start)
};

/// One kernel call.
struct Step {
  std::shared_ptr<Kernel> kernel;
  std::vector<size_t> in, out;  ///< value numbers; kAbsent for absent optional inputs
  std::string name;             ///< node name, for errors
};
inline constexpr size_t kAbsent = static_cast<size_t>(-1);

struct Plan {
  std::vector<Desc> inputs;         ///< what it was made for
  std::vector<Desc> values;         ///< every value of the function
  std::vector<Location> locations;  ///< per value
  std::vector<Tensor> constants;
  std::vector<Step> steps;
  std::vector<size_t> outputs;       ///< value number per function output
  std::vector<size_t> output_bytes;  ///< per function output: its own storage, 0 when it has none
  size_t workspace_bytes = 0;        ///< activations, reused by liveness
  size_t scratch_bytes = 0;          ///< the largest kernel's scratch, after the workspace
};

/// Specialises `function` to inputs of these types and shapes. Errors: InstallError unsupported_op,
/// unsupported_dtype, needs_constant; DataError shape_mismatch.
Result<std::shared_ptr<const Plan>> make_plan(const ir::Function& function,
                                              std::span<const Desc> inputs);

}  // namespace bb::cpu
