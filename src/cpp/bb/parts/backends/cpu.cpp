// CPU backend: prepares functions, keeps plans per input shape, runs them in per-thread memory.
#include "bb/parts/backends/cpu.h"

#include <array>
#include <atomic>
#include <mutex>
#include <set>

#include "bb/ir/ops.h"
#include "bb/kernels/denormals.h"
#include "bb/parts/backends/plan.h"
#include "bb/parts/backends/random.h"

namespace bb {
namespace {

using cpu::Desc;
using cpu::Location;
using cpu::Plan;
using cpu::Step;

/// Memory one thread reuses for every plan it runs.
struct Workspace {
  std::shared_ptr<Buffer> memory;
  std::vector<std::byte*> address;   ///< per value
  std::vector<const std::byte*> in;  ///< operands of the running step
  std::vector<std::byte*> out;

  std::byte* reserve(size_t bytes) {
    if (bytes == 0) bytes = 64;
    if (!memory || memory->size() < bytes) memory = Buffer::allocate(bytes);
    return memory->mutable_data();
  }
};

bool fits(const Plan& plan, std::span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (plan.inputs[i].dtype != inputs[i].dtype() || plan.inputs[i].shape != inputs[i].shape())
      return false;
  return true;
}

class CpuExecutable final : public Executable {
 public:
  explicit CpuExecutable(ir::Function function) : function_(std::move(function)), id_(next_id()) {}

  Status run(std::span<const Tensor> inputs, std::span<Tensor> outputs) const override {
    if (inputs.size() != function_.inputs.size() || outputs.size() != function_.outputs.size())
      return make_error(Fault::kData, "arity", "wrong number of arguments for " + function_.name,
                        std::to_string(inputs.size()),
                        "it takes " + std::to_string(function_.inputs.size()));
    BB_ASSIGN_OR_RETURN(const std::shared_ptr<const Plan> plan, plan_for(inputs));
    return execute(*plan, inputs, outputs);
  }

 private:
  static uint64_t next_id() {
    static std::atomic<uint64_t> counter{0};
    return ++counter;
  }

  /// The plan for these shapes: this thread's last ones, then the shared list, then a fresh one.
  Result<std::shared_ptr<const Plan>> plan_for(std::span<const Tensor> inputs) const {
    struct Recent {
      uint64_t id = 0;
      std::shared_ptr<const Plan> plan;
    };
    thread_local std::array<Recent, 16> recent;
    Recent& slot = recent[id_ % recent.size()];
    if (slot.id == id_ && fits(*slot.plan, inputs)) return slot.plan;
    const std::lock_guard lock(mutex_);
    for (const auto& plan : plans_)
      if (fits(*plan, inputs)) {
        slot = {id_, plan};
        return plan;
      }
    std::vector<Desc> descs;
    for (const Tensor& t : inputs) {
      if (!t.defined())
        return make_error(Fault::kData, "undefined_tensor", "an input has no value",
                          function_.inputs[descs.size()], "give every input a tensor",
                          function_.name);
      descs.push_back({t.dtype(), t.shape(), t.size()});
    }
    BB_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan, cpu::make_plan(function_, descs));
    if (plans_.size() >= kMaxPlans) plans_.erase(plans_.begin());
    plans_.push_back(plan);
    slot = {id_, plan};
    return plan;
  }

  Status execute(const Plan& plan, std::span<const Tensor> inputs,
                 std::span<Tensor> outputs) const {
    const kernels::FlushDenormals flush;
    thread_local Workspace workspace;
    std::byte* base = workspace.reserve(plan.workspace_bytes + plan.scratch_bytes);
    allocate_outputs(plan, inputs, outputs);
    workspace.address.resize(plan.values.size());
    for (size_t v = 0; v < plan.values.size(); ++v)
      workspace.address[v] = address(plan, plan.locations[v], inputs, outputs, base);
    for (const Step& step : plan.steps) {
      workspace.in.clear();
      workspace.out.clear();
      for (size_t v : step.in)
        workspace.in.push_back(v == cpu::kAbsent ? nullptr : workspace.address[v]);
      for (size_t v : step.out)
        workspace.out.push_back(v == cpu::kAbsent ? nullptr : workspace.address[v]);
      auto done =
          step.kernel->run(workspace.in.data(), workspace.out.data(), base + plan.workspace_bytes);
      if (!done.ok()) return done;
    }
    return {};
  }

  /// Fresh buffers for computed outputs; inputs, constants and other outputs are shared.
  void allocate_outputs(const Plan& plan, std::span<const Tensor> inputs,
                        std::span<Tensor> outputs) const {
    thread_local std::vector<std::shared_ptr<Buffer>> owned;
    owned.assign(outputs.size(), nullptr);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (plan.output_bytes[i] != 0) owned[i] = Buffer::allocate(plan.output_bytes[i]);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Desc& desc = plan.values[plan.outputs[i]];
      const Location& at = plan.locations[plan.outputs[i]];
      const Tensor* shared = at.kind == Location::Kind::kInput      ? &inputs[at.index]
                             : at.kind == Location::Kind::kConstant ? &plan.constants[at.index]
                                                                    : nullptr;
      outputs[i] = shared != nullptr ? Tensor(desc.dtype, desc.shape, shared->buffer(),
                                              shared->offset_bytes() + at.offset)
                                     : Tensor(desc.dtype, desc.shape, owned[at.index], at.offset);
    }
    for (auto& buffer : owned) buffer.reset();
  }

  static std::byte* address(const Plan& plan, const Location& at, std::span<const Tensor> inputs,
                            std::span<Tensor> outputs, std::byte* workspace) {
    switch (at.kind) {
      case Location::Kind::kInput:
        return writable(inputs[at.index].raw()) + at.offset;
      case Location::Kind::kConstant:
        return writable(plan.constants[at.index].raw()) + at.offset;
      case Location::Kind::kOutput: {
        // The root of output `index` starts where that output's own view starts, minus its offset.
        const Location& own = plan.locations[plan.outputs[at.index]];
        return writable(outputs[at.index].raw()) - own.offset + at.offset;
      }
      case Location::Kind::kWorkspace:
        return workspace + at.offset;
      case Location::Kind::kNone:
        break;
    }
    return nullptr;
  }
  /// Kernels take inputs as const; one address table serves inputs and outputs.
  static std::byte* writable(const std::byte* p) { return const_cast<std::byte*>(p); }

  static constexpr size_t kMaxPlans = 32;
  ir::Function function_;
  uint64_t id_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Plan>> plans_;
};

class CpuBackend final : public Backend {
 public:
  Result<std::shared_ptr<const Executable>> prepare(const ir::Function& function) const override {
    std::set<std::string> missing;
    for (const ir::Node& node : function.nodes)
      if (!node.is_onnx() || (cpu::find_cpu_op(node.op) == nullptr && node.op != "Constant" &&
                              node.op != "Shape" && node.op != "Size"))
        missing.insert(node.is_onnx() ? node.op : node.domain + "::" + node.op);
    if (!missing.empty()) {
      std::string list;
      for (const auto& name : missing) list += (list.empty() ? "" : ", ") + name;
      return make_error(Fault::kInstall, "unsupported_op", "the CPU backend lacks operators", list,
                        "see docs/ir.md for the operators it runs", function.name);
    }
    return std::shared_ptr<const Executable>(std::make_shared<CpuExecutable>(function));
  }
  Result<Tensor> normals(DType dtype, Shape shape, double std, Stream stream) const override {
    return cpu::normals(dtype, std::move(shape), std, stream);
  }
  Result<Tensor> uniforms(DType dtype, Shape shape, double low, double high,
                          Stream stream) const override {
    return cpu::uniforms(dtype, std::move(shape), low, high, stream);
  }
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace bb
