// When operations fire: once, with every input, seeds first, in a fixed order.
#include <gtest/gtest.h>

#include "engine/plan_builder.h"

namespace bb::test {
namespace {

std::vector<std::string> names(const Steps& steps) {
  std::vector<std::string> out;
  for (const Output& output : steps.outputs) out.push_back(output.name);
  return out;
}

Plan entry_plan(FrameBuilder& frame, std::vector<std::string> outputs) {
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames.push_back(frame.build(true));
  plan.outputs = std::move(outputs);
  return plan;
}

TEST(Firing, AnOperationThatUsesAValueTwiceFiresOnce) {
  FrameBuilder frame;
  const auto a = frame.value("trigger"), b = frame.value("trigger"), c = frame.value("trigger");
  frame.op(OpCode::kJoin, 0, {}, {a})
      .op(OpCode::kJoin, 0, {a, a}, {b})
      .op(OpCode::kOutput, 0, {b}, {c}, {b, a});
  Machine machine(entry_plan(frame, {"done"}));
  machine.invoke();
  EXPECT_EQ(names(machine.poll()), std::vector<std::string>{"done"});
  EXPECT_EQ(machine.core.metrics().ops, 3u);
}

TEST(Firing, OrderOnlyInputsHoldAnOperationBack) {
  FrameBuilder frame;
  const auto slow = frame.value("trigger"), slower = frame.value("trigger");
  const auto now = frame.value("trigger"), done = frame.value("trigger");
  const auto last = frame.value("trigger");
  frame.op(OpCode::kJoin, 0, {}, {now})
      .op(OpCode::kOutput, 0, {now}, {last}, {slower})
      .op(OpCode::kJoin, 0, {}, {slow})
      .op(OpCode::kJoin, 0, {slow}, {slower})
      .op(OpCode::kOutput, 1, {slow}, {done});
  Machine machine(entry_plan(frame, {"waited", "free"}));
  machine.invoke();
  EXPECT_EQ(names(machine.poll()), (std::vector<std::string>{"free", "waited"}));
}

TEST(Firing, WritesAreSeenByReadsThatComeAfter) {
  FrameBuilder frame;
  const auto before = frame.value("float32[1]"), next = frame.value("float32[1]");
  const auto written = frame.value("trigger"), after = frame.value("float32[1]");
  const auto out = frame.value("float32[1]");
  frame.op(OpCode::kRead, 0, {}, {before})
      .op(OpCode::kRegion, 0, {before}, {next})
      .op(OpCode::kWrite, 0, {next}, {written})
      .op(OpCode::kRead, 0, {}, {after}, {written})
      .op(OpCode::kOutput, 0, {after}, {out});
  Plan plan = entry_plan(frame, {"value"});
  plan.regions.push_back(region([](auto inputs, auto outputs) -> Status {
    outputs[0] =
        Tensor::of<float>({1}, std::vector<float>{inputs[0].template data<float>()[0] + 1});
    return {};
  }));
  Machine machine(std::move(plan), {Tensor::of<float>({1}, std::vector<float>{41})});
  machine.invoke();
  const Steps steps = machine.poll();
  ASSERT_EQ(steps.outputs.size(), 1u);
  EXPECT_EQ(*std::get<Tensor>(steps.outputs[0].value).data<float>(), 42.0f);
}

TEST(Firing, AnOperationWhoseInputNeverComesDoesNotKeepTheFrame) {
  FrameBuilder frame;
  const auto absent = frame.value("trigger"), out = frame.value("trigger");
  frame.op(OpCode::kOutput, 0, {absent}, {out});
  Machine machine(entry_plan(frame, {"never"}));
  machine.invoke();
  EXPECT_TRUE(names(machine.poll()).empty());
  EXPECT_EQ(machine.core.frames().live(), 0u);
}

TEST(Firing, ConcurrentExecutionsKeepTheirOwnValues) {
  FrameBuilder frame;
  const auto x = frame.value("float32[1]"), y = frame.value("float32[1]");
  frame.op(OpCode::kOutput, 0, {x}, {y});
  Plan plan = entry_plan(frame, {"x"});
  plan.inputs = {{"x", *ir::Type::parse("float32[1]"), x}};
  Machine machine(std::move(plan));
  for (float i = 0; i < 3; ++i) {
    machine.invoke({{"x", Tensor::of<float>({1}, std::vector<float>{i})}});
  }
  EXPECT_EQ(machine.core.frames().live(), 3u);
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, 3 * sizeof(float));
  const Steps steps = machine.poll();
  ASSERT_EQ(steps.outputs.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(*std::get<Tensor>(steps.outputs[i].value).data<float>(), static_cast<float>(i));
    EXPECT_EQ(steps.outputs[i].exec, i + 1);
    EXPECT_EQ(steps.outputs[i].round, static_cast<int64_t>(i));
  }
  EXPECT_EQ(machine.core.frames().live(), 0u);
  EXPECT_EQ(machine.core.metrics().bytes_in_flight, 0u);
}

/// Two independent chains of `length` joins, each ending in an output.
Plan chains(uint32_t length) {
  FrameBuilder frame;
  for (uint32_t chain = 0; chain < 2; ++chain) {
    ValueIndex last = frame.value("trigger");
    frame.op(OpCode::kJoin, 0, {}, {last});
    for (uint32_t i = 0; i < length; ++i) {
      const ValueIndex next = frame.value("trigger");
      frame.op(OpCode::kOutput, chain, {last}, {next});
      last = next;
    }
  }
  return entry_plan(frame, {"left", "right"});
}

TEST(Firing, TheQueueIsFirstInFirstOut) {
  Machine machine(chains(3));
  machine.invoke();
  EXPECT_EQ(names(machine.poll()),
            (std::vector<std::string>{"left", "right", "left", "right", "left", "right"}));
}

TEST(Firing, OneOperationPerPollGivesTheSameSteps) {
  Machine whole(chains(5)), cut(chains(5));
  whole.invoke();
  whole.invoke();
  cut.invoke();
  cut.invoke();
  std::vector<std::string> pieces;
  size_t polls = 0;
  for (bool more = true; more; ++polls) {
    const Steps steps = cut.poll(0, 1);
    EXPECT_LE(steps.outputs.size(), 1u);
    for (const std::string& name : names(steps)) pieces.push_back(name);
    more = steps.more;
  }
  EXPECT_EQ(names(whole.poll()), pieces);
  EXPECT_EQ(polls, 24u);
  EXPECT_EQ(cut.core.metrics().ops, whole.core.metrics().ops);
  EXPECT_TRUE(cut.core.idle());
}

}  // namespace
}  // namespace bb::test
