// What the host may ask: inputs are checked as a whole, limits are typed errors.
#include <gtest/gtest.h>

#include "engine/plan_builder.h"

namespace bb::test {
namespace {

Plan two_inputs() {
  FrameBuilder frame;
  const auto x = frame.value("float32[2]"), go = frame.value("trigger");
  const auto out = frame.value("float32[2]");
  frame.op(OpCode::kOutput, 0, {x}, {out}, {go});
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames.push_back(frame.build(true));
  plan.inputs = {{"features", *ir::Type::parse("float32[2]"), x},
                 {"go", *ir::Type::parse("trigger"), go}};
  plan.outputs = {"x"};
  return plan;
}

const Tensor kPair = Tensor::zeros(DType::kF32, {2});

TEST(Invoke, EveryProblemIsListed) {
  Machine machine(two_inputs());
  const auto result =
      machine.core.invoke(machine.plan, {{"feature", kPair}, {"go", kPair}}, std::nullopt);
  ASSERT_FALSE(result.ok());
  const Error& error = result.error();
  EXPECT_EQ(error.fault, Fault::kHost);
  EXPECT_EQ(error.code, "unknown_input");
  for (const char* part : {"3 problems", "did you mean \"features\"?", "input go should be trigger",
                           "main needs this input, float32[2] (features)"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << " in " << error.message;
  }
  EXPECT_EQ(machine.core.frames().live(), 0u);
}

TEST(Invoke, OneProblemKeepsItsCode) {
  Machine machine(two_inputs());
  EXPECT_EQ(machine.core.invoke(machine.plan, {{"features", kPair}}, {}).error().code,
            "missing_input");
  EXPECT_EQ(machine.core
                .invoke(machine.plan,
                        {{"features", Tensor::zeros(DType::kF32, {3})}, {"go", Trigger{}}}, {})
                .error()
                .code,
            "type_mismatch");
  EXPECT_EQ(
      machine.core
          .invoke(machine.plan, {{"features", kPair}, {"go", Trigger{}}, {"go", Trigger{}}}, {})
          .error()
          .code,
      "repeated_input");
}

TEST(Invoke, FramesAndBytesAreCapped) {
  NodeConfig limits;
  limits.max_frames = 2;
  limits.max_invoke_bytes = 12;
  Machine machine(two_inputs(), {}, limits);
  const auto again = [&] {
    return machine.core.invoke(machine.plan, {{"features", kPair}, {"go", Trigger{}}}, {});
  };
  ASSERT_TRUE(again().ok());
  EXPECT_EQ(again().error().code, "invoke_budget");
  machine.poll();
  ASSERT_TRUE(again().ok());
  NodeConfig one;
  one.max_frames = 1;
  Machine narrow(two_inputs(), {}, one);
  narrow.invoke({{"features", kPair}, {"go", Trigger{}}});
  EXPECT_EQ(
      narrow.core.invoke(narrow.plan, {{"features", kPair}, {"go", Trigger{}}}, {}).error().code,
      "frame_limit");
}

TEST(Invoke, RoundsCountOnFromTheLastOneGiven) {
  Machine machine(two_inputs());
  const auto round_of = [&](std::optional<int64_t> round) {
    machine.invoke({{"features", kPair}, {"go", Trigger{}}}, round);
    return machine.poll().outputs.at(0).round;
  };
  EXPECT_EQ(round_of({}), 0);
  EXPECT_EQ(round_of(9), 9);
  EXPECT_EQ(round_of({}), 10);
}

TEST(Invoke, ATargetWithoutEntryRefuses) {
  FrameBuilder frame;
  frame.receive(0, {}, {}, kNoValue);
  Plan plan;
  plan.target = "main";
  plan.frames.push_back(frame.build(false));
  Machine machine(std::move(plan));
  EXPECT_EQ(machine.core.invoke(machine.plan, {}, {}).error().code, "no_entry");
}

TEST(Invoke, TimeNeverGoesBack) {
  Machine machine(two_inputs());
  machine.poll(100);
  machine.poll(50);
  EXPECT_EQ(machine.core.now_ns(), 100);
}

}  // namespace
}  // namespace bb::test
