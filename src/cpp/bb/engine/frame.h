// Frames: executions with a slot per value and an arrival counter per operation; memory is
// recycled.
#pragma once

#include <memory>
#include <vector>

#include "bb/engine/budget.h"
#include "bb/engine/plan.h"
#include "bb/wire/envelope.h"

namespace bb::engine {

/// Names a frame; stale once its generation has passed.
struct FrameId {
  uint32_t slot = 0;
  uint32_t generation = 0;
  friend bool operator==(FrameId, FrameId) = default;
};

struct Frame {
  FrameId id;
  bool live = false;
  const Plan* plan = nullptr;
  const FramePlan* layout = nullptr;
  EnvelopeKey key;
  uint64_t exec = 0;
  uint32_t work = 0;  ///< queued operations and open gathers; the frame ends at zero
  std::vector<Value> values;
  std::vector<uint32_t> waiting;  ///< arrivals each operation still needs
  Charge inbox_charge;
  Charge invoke_charge;
};

class FramePool {
 public:
  /// Sizes that every frame of these plans fits in; call once.
  void fit(const Plan& plan);
  /// A cleared frame with counters set for `layout`.
  Frame& start(const Plan& plan, const FramePlan& layout);
  /// The live frame of this id, or nullptr when it has ended.
  Frame* find(FrameId id);
  /// Releases every value and charge.
  void end(Frame& frame);
  size_t live() const { return frames_.size() - free_.size(); }
  bool holds(const EnvelopeKey& key) const;
  bool holds_round(int64_t round) const;

 private:
  std::vector<std::unique_ptr<Frame>> frames_;
  std::vector<uint32_t> free_;
  uint32_t most_values_ = 0;
  uint32_t most_ops_ = 0;
};

}  // namespace bb::engine
