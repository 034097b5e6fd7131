// Entry frames: the host's inputs are checked as a whole, then one frame starts.
#include <algorithm>

#include "bb/engine/engine.h"
#include "bb/engine/problems.h"

namespace bb::engine {

namespace {

const InputPlan* find_input(const Plan& plan, std::string_view name) {
  for (const InputPlan& input : plan.inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

bool given(const Engine::Inputs& inputs, std::string_view name) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [name](const auto& input) { return input.first == name; });
}

void check_value(const Plan& plan, const std::string& name, const Value& value,
                 Problems& problems) {
  const InputPlan* input = find_input(plan, name);
  if (input == nullptr) {
    std::vector<std::string> names;
    for (const InputPlan& each : plan.inputs) names.push_back(each.name);
    problems.add(make_error(Fault::kHost, "unknown_input",
                            plan.target + " has no input of this name", name,
                            suggest(name, names)));
  } else if (!matches(input->type, value)) {
    problems.add(make_error(Fault::kHost, "type_mismatch",
                            "input " + name + " should be " + input->type.text(), text_of(value),
                            "give a value of that type"));
  }
}

Status check_inputs(const Plan& plan, const Engine::Inputs& inputs) {
  Problems problems;
  for (size_t i = 0; i < inputs.size(); ++i) {
    check_value(plan, inputs[i].first, inputs[i].second, problems);
    const bool repeated = std::any_of(inputs.begin(), inputs.begin() + static_cast<ptrdiff_t>(i),
                                      [&](const auto& b) { return b.first == inputs[i].first; });
    if (repeated) {
      problems.add(make_error(Fault::kHost, "repeated_input", "an input is given twice",
                              inputs[i].first, "give every input once"));
    }
  }
  for (const InputPlan& input : plan.inputs) {
    if (given(inputs, input.name)) continue;
    problems.add(make_error(Fault::kHost, "missing_input",
                            plan.target + " needs this input, " + input.type.text(), input.name,
                            "give a value for it"));
  }
  return std::move(problems).status();
}

}  // namespace

Result<uint64_t> Engine::invoke(const Plan& plan, Inputs inputs, std::optional<int64_t> round) {
  if (steps_ != nullptr) {
    return make_error(Fault::kHost, "reentrant", "invoke was called from a poll", plan.target,
                      "invoke when poll has returned");
  }
  if (!plan.has_entry) {
    return make_error(Fault::kHost, "no_entry", "this target only reacts to messages", plan.target,
                      "invoke a target that has inputs or operations of its own");
  }
  BB_RETURN_IF_ERROR(check_inputs(plan, inputs));
  if (frames_.live() >= limits_.max_frames) {
    return make_error(Fault::kHost, "frame_limit", "too many live frames",
                      std::to_string(limits_.max_frames), "poll first, or raise max_frames");
  }
  size_t bytes = 0;
  for (const auto& [name, value] : inputs) bytes += byte_size(value);
  if (!invoke_budget_.fits(bytes)) {
    return make_error(Fault::kHost, "invoke_budget", "the inputs in flight are too large",
                      std::to_string(bytes) + " bytes", "poll first, or raise max_invoke_bytes");
  }
  const int64_t number = round.value_or(next_round_);
  next_round_ = number == INT64_MAX ? number : number + 1;
  const uint64_t exec = ++exec_ids_;
  Frame& frame = start(plan, plan.frames.front(), {site_.self, exec, number}, exec);
  frame.invoke_charge = Charge::take(invoke_budget_, bytes);
  for (auto& [name, value] : inputs) write(frame, find_input(plan, name)->value, std::move(value));
  release(frame);
  return exec;
}

}  // namespace bb::engine
