// Cost of dispatching one operation outside kernels: goal at most 200 ns, no allocations.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "engine/count_allocations.h"
#include "engine/plan_builder.h"

namespace bb::test {
namespace {

constexpr double kGoalNs = 200;
constexpr uint32_t kChain = 64;  ///< operations of one execution, apart from the first
constexpr int kRounds = 2000;
constexpr int kRepeats = 9;  ///< the best of these is reported: the least disturbed one

/// A chain of `kChain` operations, each made by `add` from the value before it.
template <class Add>
Plan chain(const char* type, Add add) {
  FrameBuilder frame;
  ValueIndex last = frame.value("float32[4]");
  frame.op(OpCode::kRead, 0, {}, {last});
  for (uint32_t i = 0; i < kChain; ++i) last = add(frame, last, frame.value(type));
  Plan plan;
  plan.target = "main";
  plan.has_entry = true;
  plan.frames.push_back(frame.build(true));
  plan.regions.push_back(region([](auto inputs, auto outputs) -> Status {
    outputs[0] = inputs[0];
    return {};
  }));
  return plan;
}

/// Best time of one operation in ns, and allocations of all measured rounds.
std::pair<double, size_t> measure(Plan plan) {
  Machine machine(std::move(plan), {Tensor::zeros(DType::kF32, {4})});
  Steps steps;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      machine.invoke();
      steps.clear();
      machine.core.poll(0, 0, steps);
    }
  };
  rounds(10);
  const size_t before = allocations;
  double best = 1e300;
  for (int i = 0; i < kRepeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    rounds(kRounds);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / (static_cast<double>(kRounds) * (kChain + 1)));
  }
  return {best, allocations - before};
}

bool report(const char* name, Plan plan) {
  const auto [ns, allocated] = measure(std::move(plan));
  const bool met = ns <= kGoalNs && allocated == 0;
  std::printf("%-12s %7.1f ns/op  %5.1f M op/s  %zu allocations  goal <= %.0f ns, 0: %s\n", name,
              ns, 1e3 / ns, allocated, kGoalNs, met ? "met" : "MISSED");
  return met;
}

bool run() {
  const auto join = [](FrameBuilder& frame, ValueIndex in, ValueIndex out) {
    frame.op(OpCode::kJoin, 0, {in}, {out});
    return out;
  };
  const auto write = [](FrameBuilder& frame, ValueIndex in, ValueIndex out) {
    frame.op(OpCode::kWrite, 0, {in}, {out});
    return in;
  };
  const auto call = [](FrameBuilder& frame, ValueIndex in, ValueIndex out) {
    frame.op(OpCode::kRegion, 0, {in}, {out});
    return out;
  };
  const bool joins = report("join", chain("trigger", join));
  const bool writes = report("state.write", chain("trigger", write));
  const bool regions = report("region call", chain("float32[4]", call));
  return joins && writes && regions;
}

}  // namespace
}  // namespace bb::test

int main() { return bb::test::run() ? 0 : 1; }
