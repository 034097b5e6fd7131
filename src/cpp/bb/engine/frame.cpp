// The frame pool: a free list over frames that keep their memory.
#include "bb/engine/frame.h"

#include <algorithm>

namespace bb::engine {

void FramePool::fit(const Plan& plan) {
  for (const FramePlan& layout : plan.frames) {
    most_values_ = std::max(most_values_, static_cast<uint32_t>(layout.values.size()));
    most_ops_ = std::max(most_ops_, static_cast<uint32_t>(layout.ops.size()));
  }
}

Frame& FramePool::start(const Plan& plan, const FramePlan& layout) {
  if (free_.empty()) {
    auto frame = std::make_unique<Frame>();
    frame->id.slot = static_cast<uint32_t>(frames_.size());
    frame->values.reserve(most_values_);
    frame->waiting.reserve(most_ops_);
    frames_.push_back(std::move(frame));
    free_.push_back(frames_.back()->id.slot);
    free_.reserve(frames_.capacity());
  }
  Frame& frame = *frames_[free_.back()];
  free_.pop_back();
  frame.live = true;
  frame.plan = &plan;
  frame.layout = &layout;
  frame.work = 0;
  frame.values.resize(layout.values.size());
  frame.waiting.resize(layout.ops.size());
  for (size_t i = 0; i < layout.ops.size(); ++i) frame.waiting[i] = layout.ops[i].required;
  return frame;
}

Frame* FramePool::find(FrameId id) {
  Frame& frame = *frames_[id.slot];
  return frame.live && frame.id == id ? &frame : nullptr;
}

void FramePool::end(Frame& frame) {
  BB_CHECK(frame.live);
  frame.values.clear();
  frame.inbox_charge.release();
  frame.invoke_charge.release();
  frame.live = false;
  ++frame.id.generation;
  free_.push_back(frame.id.slot);
}

bool FramePool::holds(const EnvelopeKey& key) const {
  return std::any_of(frames_.begin(), frames_.end(),
                     [&key](const auto& frame) { return frame->live && frame->key == key; });
}

bool FramePool::holds_round(int64_t round) const {
  return std::any_of(frames_.begin(), frames_.end(), [round](const auto& frame) {
    return frame->live && frame->key.round == round;
  });
}

}  // namespace bb::engine
