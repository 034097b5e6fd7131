// Timers: what matures when, ordered by (maturity, sequence), so that ties keep the order of
// setting.
#pragma once

#include <cstdint>
#include <vector>

namespace bb::engine {

/// What a timer ends: an open gather, or contributions held for one that has not opened.
enum class TimerKind : uint8_t { kGather, kEarly };

struct Timer {
  int64_t maturity_ns = 0;
  uint64_t sequence = 0;
  TimerKind kind = TimerKind::kGather;
  uint64_t id = 0;  ///< of the gather or of the early key
};

class Timers {
 public:
  void set(int64_t maturity_ns, TimerKind kind, uint64_t id);
  bool empty() const { return heap_.empty(); }
  const Timer& top() const { return heap_.front(); }
  Timer pop();
  /// Takes back the timer of what ended before its time; O(number of timers).
  void cancel(uint64_t id);

 private:
  std::vector<Timer> heap_;
  uint64_t sequence_ = 0;
};

}  // namespace bb::engine
