// Trace: what happened to every message, in order, in a bounded list.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "bb/wire/peer_id.h"

namespace bb::sim {

/// kinds: send, deliver, drop, hold, replace, forge, withhold, timeout, failure.
struct TraceEvent {
  int64_t time_ns = 0;
  std::string_view kind;                 ///< static text
  uint32_t source = 0, destination = 0;  ///< node indices of the world
  std::string port;
  size_t bytes = 0;
  std::string reason;
};

/// Keeps the newest `cap` events and counts those it let go.
class Trace {
 public:
  explicit Trace(size_t cap) : cap_(cap) {}
  void add(TraceEvent event) {
    if (cap_ == 0) return;
    if (events_.size() == cap_) {
      events_.pop_front();
      ++forgotten_;
    }
    events_.push_back(std::move(event));
  }
  const std::deque<TraceEvent>& events() const { return events_; }
  uint64_t forgotten() const { return forgotten_; }

 private:
  size_t cap_;
  uint64_t forgotten_ = 0;
  std::deque<TraceEvent> events_;
};

}  // namespace bb::sim
