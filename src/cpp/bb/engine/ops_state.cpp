// state.Read, state.Write, flow.Output, flow.Join and region calls.
#include "bb/engine/operation.h"

namespace bb::engine {

Status run_read(const Call& call) {
  call.output(0, call.engine.site().cells[call.op.argument]);
  return {};
}

Status run_write(const Call& call) {
  Tensor& cell = call.engine.site().cells[call.op.argument];
  const auto* value = std::get_if<Tensor>(&call.input(0));
  if (value == nullptr || value->dtype() != cell.dtype() || value->shape() != cell.shape()) {
    return make_error(Fault::kData, "type_mismatch", "the cell holds " + cell.text(),
                      text_of(call.input(0)), "write a value of the cell's type");
  }
  cell = *value;
  call.output(0, Trigger{});
  return {};
}

Status run_output(const Call& call) {
  const Frame& frame = call.frame;
  call.engine.steps().outputs.push_back({frame.plan->target, frame.plan->outputs[call.op.argument],
                                         call.input(0), frame.exec, frame.key.round});
  if (call.index(call.op.outputs, 0) != kNoValue) call.output(0, call.input(0));
  return {};
}

Status run_join(const Call& call) {
  call.output(0, Trigger{});
  return {};
}

namespace {

/// Tensors of one region call; kept per thread so that calls do not allocate.
struct Workspace {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

Status fill_inputs(const Call& call, std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < call.op.inputs.count; ++i) {
    const auto* tensor = call.has(i) ? std::get_if<Tensor>(&call.input(i)) : nullptr;
    if (tensor == nullptr) {
      return make_error(Fault::kData, "type_mismatch",
                        "input " + std::to_string(i) + " should be a tensor",
                        call.has(i) ? text_of(call.input(i)) : "absent");
    }
    inputs.push_back(*tensor);
  }
  return {};
}

}  // namespace

Status run_region(const Call& call) {
  static thread_local Workspace workspace;
  // Moved out for the call: a backend that polls another node on this thread must not share it.
  Workspace mine = std::exchange(workspace, {});
  Status status = fill_inputs(call, mine.inputs);
  if (status.ok()) {
    mine.outputs.resize(call.op.outputs.count);
    const RegionPlan& region = call.frame.plan->regions[call.op.argument];
    status = region.executable->run(mine.inputs, mine.outputs);
  }
  for (size_t i = 0; status.ok() && i < mine.outputs.size(); ++i) {
    call.output(i, std::move(mine.outputs[i]));
  }
  mine.inputs.clear();
  mine.outputs.clear();
  workspace = std::move(mine);
  return status;
}

}  // namespace bb::engine
