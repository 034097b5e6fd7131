// Failures end one frame, say where, and leave everything else running.
#include <gtest/gtest.h>

#include "engine/plan_builder.h"

namespace bb::test {
namespace {

Tensor number(float value) { return Tensor::of<float>({1}, std::vector<float>{value}); }

/// Input x → region that refuses negative numbers → output; beside it an operation that waits.
Plan picky() {
  FrameBuilder frame;
  const auto x = frame.value("float32[1]"), y = frame.value("float32[1]");
  const auto out = frame.value("float32[1]"), side = frame.value("float32[1]");
  frame.op(OpCode::kRegion, 0, {x}, {y}).op(OpCode::kOutput, 0, {y}, {out});
  frame.op(OpCode::kOutput, 1, {x}, {side});
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames.push_back(frame.build(true));
  plan.inputs = {{"x", *ir::Type::parse("float32[1]"), x}};
  plan.outputs = {"y", "side"};
  plan.regions.push_back(region([](auto inputs, auto outputs) -> Status {
    if (*inputs[0].template data<float>() < 0) {
      return make_error(Fault::kData, "negative", "x is negative", "-1", "give x >= 0");
    }
    outputs[0] = inputs[0];
    return {};
  }));
  return plan;
}

TEST(Failures, AFailureNamesCodePlaceAndOperation) {
  Machine machine(picky());
  const uint64_t exec = machine.invoke({{"x", number(-1)}}, 7);
  const Steps steps = machine.poll();
  ASSERT_EQ(steps.failures.size(), 1u);
  EXPECT_EQ(steps.failures[0].error.code, "negative");
  EXPECT_EQ(steps.failures[0].error.where, "plan.py:1");
  EXPECT_EQ(steps.failures[0].op, "op0");
  EXPECT_EQ(steps.failures[0].exec, exec);
  EXPECT_EQ(steps.failures[0].round, 7);
}

TEST(Failures, OtherOperationsOfTheFrameDoNotFireAndOtherFramesDo) {
  Machine machine(picky());
  machine.invoke({{"x", number(-1)}});
  machine.invoke({{"x", number(5)}});
  const Steps steps = machine.poll();
  EXPECT_EQ(steps.failures.size(), 1u);
  ASSERT_EQ(steps.outputs.size(), 2u);
  EXPECT_EQ(steps.outputs[0].exec, 2u);
  EXPECT_EQ(steps.outputs[1].exec, 2u);
  EXPECT_EQ(machine.core.frames().live(), 0u);
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, 0u);
  machine.invoke({{"x", number(6)}});
  EXPECT_EQ(machine.poll().outputs.size(), 2u);
}

/// The entry opens a gather over two peers, then runs a region that fails.
Plan opens_and_fails() {
  FrameBuilder frame;
  const auto of = frame.value("peers"), rows = frame.value("arrived");
  const auto came = frame.value("peers"), absent = frame.value("peers");
  const auto timed_out = frame.value("bool[]"), x = frame.value("float32[1]");
  const auto y = frame.value("float32[1]"), out = frame.value("peers");
  frame.op(OpCode::kGather, 0, {of}, {rows, came, absent, timed_out})
      .op(OpCode::kRegion, 0, {x}, {y})
      .op(OpCode::kOutput, 0, {came}, {out});
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames.push_back(frame.build(true));
  FrameBuilder delivery;
  const auto v = delivery.value("float32[1]"), from = delivery.value("peer");
  const auto added = delivery.value("trigger");
  delivery.receive(0, {"v"}, {v}, from).op(OpCode::kContribute, 0, {v, from}, {added});
  plan.frames.push_back(delivery.build(false));
  plan.gathers.push_back({"rows", -1, 1000, engine::KeyScope::kRoot});
  plan.inputs = {{"of", *ir::Type::parse("peers"), of}, {"x", *ir::Type::parse("float32[1]"), x}};
  plan.outputs = {"came"};
  plan.regions.push_back(region([](auto inputs, auto outputs) -> Status {
    outputs[0] = inputs[0];
    if (*inputs[0].template data<float>() >= 0) return {};
    return make_error(Fault::kData, "negative", "x is negative");
  }));
  return plan;
}

Peers two_peers() {
  return std::make_shared<const std::vector<PeerId>>(
      std::vector<PeerId>{PeerId::from_int(1), PeerId::from_int(2)});
}

Envelope contribution(EnvelopeKey key, float value) {
  Envelope envelope;
  envelope.target = "main";
  envelope.key = std::move(key);
  envelope.fills.push_back({"v", number(value), ""});
  return envelope;
}

TEST(Failures, AFailedFrameClosesItsGathers) {
  Machine machine(opens_and_fails());
  const uint64_t exec = machine.invoke({{"of", two_peers()}, {"x", number(-1)}});
  EXPECT_EQ(machine.poll().failures.size(), 1u);
  EXPECT_EQ(machine.core.frames().live(), 0u);
  EXPECT_EQ(machine.core.next_deadline(), INT64_MAX);
  machine.core.deliver(PeerId::from_int(1), contribution({PeerId::from_int(0), exec, 0}, 1), 64);
  const Steps steps = machine.poll(2000);
  ASSERT_EQ(steps.drops.size(), 1u);
  EXPECT_EQ(steps.drops[0].reason, "late");
  EXPECT_TRUE(steps.timeouts.empty());
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, 0u);
}

TEST(Failures, RowsThatHadArrivedAreReleased) {
  Machine machine(opens_and_fails());
  const uint64_t exec = machine.invoke({{"of", two_peers()}, {"x", number(1)}});
  machine.poll();
  machine.core.deliver(PeerId::from_int(1), contribution({PeerId::from_int(0), exec, 0}, 1), 64);
  machine.poll();
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, sizeof(float) + sizeof(float) + 20);
  const Steps steps = machine.poll(1000);
  EXPECT_EQ(steps.timeouts.size(), 1u);
  EXPECT_EQ(steps.outputs.size(), 1u);
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, 0u);
}

TEST(Failures, AnEmptyListOfPeersFiresAtOnce) {
  Machine machine(opens_and_fails());
  machine.invoke({{"of", std::make_shared<const std::vector<PeerId>>()}, {"x", number(1)}});
  const Steps steps = machine.poll();
  EXPECT_EQ(steps.outputs.size(), 1u);
  EXPECT_TRUE(steps.timeouts.empty());
  EXPECT_EQ(machine.core.frames().live(), 0u);
}

TEST(Failures, TheGatherLimitFailsTheFrameThatWouldPassIt) {
  NodeConfig limits;
  limits.max_gathers = 1;
  Machine machine(opens_and_fails(), {}, limits);
  machine.invoke({{"of", two_peers()}, {"x", number(1)}});
  machine.invoke({{"of", two_peers()}, {"x", number(1)}});
  const Steps steps = machine.poll();
  ASSERT_EQ(steps.failures.size(), 1u);
  EXPECT_EQ(steps.failures[0].error.code, "gather_limit");
  EXPECT_EQ(steps.failures[0].exec, 2u);
}

}  // namespace
}  // namespace bb::test
