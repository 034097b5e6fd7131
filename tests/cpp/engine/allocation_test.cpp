// After warm-up the engine dispatches without allocating: counted by the global operator new.
#include <gtest/gtest.h>

#include "engine/count_allocations.h"
#include "engine/plan_builder.h"

namespace bb::test {
namespace {

/// Reads a cell, joins, calls a region that passes its input on, writes the cell, outputs it.
Plan cycle() {
  FrameBuilder entry;
  const auto w = entry.value("float32[4,4]"), next = entry.value("float32[4,4]");
  const auto go = entry.value("trigger"), ready = entry.value("trigger");
  const auto written = entry.value("trigger"), out = entry.value("float32[4,4]");
  entry.op(OpCode::kRead, 0, {}, {w})
      .op(OpCode::kJoin, 0, {}, {go})
      .op(OpCode::kJoin, 0, {go, go}, {ready})
      .op(OpCode::kRegion, 0, {w}, {next})
      .op(OpCode::kWrite, 0, {next}, {written}, {ready})
      .op(OpCode::kOutput, 0, {next}, {out}, {written});
  FrameBuilder delivery;
  const auto x = delivery.value("float32[4,4]"), from = delivery.value("peer");
  const auto seen = delivery.value("float32[4,4]");
  delivery.receive(0, {"x"}, {x}, from).op(OpCode::kOutput, 0, {x}, {seen});
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames = {entry.build(true), delivery.build(false)};
  plan.outputs = {"w"};
  plan.regions.push_back(region([](auto inputs, auto outputs) -> Status {
    outputs[0] = inputs[0];
    return {};
  }));
  return plan;
}

TEST(Allocation, CountingWorks) {
  const size_t before = allocations;
  auto* volatile number = new int(1);
  delete number;
  EXPECT_EQ(allocations - before, 1u);
}

TEST(Allocation, EntryFramesAllocateNothingAfterWarmUp) {
  Machine machine(cycle(), {Tensor::zeros(DType::kF32, {4, 4})});
  Steps steps;
  const auto round = [&] {
    machine.invoke();
    steps.clear();
    machine.core.poll(0, 0, steps);
  };
  for (int i = 0; i < 10; ++i) round();
  const size_t before = allocations;
  for (int i = 0; i < 1000; ++i) round();
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(machine.core.metrics().ops, 6u * 1010);
  EXPECT_EQ(steps.outputs.size(), 1u);
}

TEST(Allocation, DeliveredFramesAllocateNothingAfterWarmUp) {
  Machine machine(cycle(), {Tensor::zeros(DType::kF32, {4, 4})});
  Envelope envelope;
  envelope.target = "main";
  envelope.key = {PeerId::from_int(1), 1, 0};
  envelope.fills.push_back({"x", Tensor::zeros(DType::kF32, {4, 4}), ""});
  std::vector<Envelope> queue(1010, envelope);
  Steps steps;
  size_t next = 0;
  const auto round = [&] {
    machine.core.deliver(PeerId::from_int(1), std::move(queue[next++]), 100);
    steps.clear();
    machine.core.poll(0, 0, steps);
  };
  for (int i = 0; i < 10; ++i) round();
  const size_t before = allocations;
  for (int i = 0; i < 1000; ++i) round();
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(machine.core.metrics().deliveries, 1010u);
}

}  // namespace
}  // namespace bb::test
