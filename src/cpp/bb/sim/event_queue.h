// Event queue ordered by (time, destination, source, the source's own sequence number).
#pragma once

#include <compare>
#include <cstdint>
#include <queue>
#include <string>
#include <vector>

#include "bb/wire/envelope.h"

namespace bb::sim {

/// Nothing in the order depends on a counter shared between nodes.
struct EventKey {
  int64_t time_ns = 0;
  uint32_t destination = 0;
  uint32_t source = 0;
  uint64_t sequence = 0;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

/// A delivery, or a wake-up when there is no message.
struct QueuedEvent {
  EventKey key;
  bool wake = false;
  bool release = false;  ///< an adversary's hold runs out
  bool counted = false;  ///< as a message on its way to a watched node
  bool forged = false;   ///< `raw` travels instead of the envelope
  size_t bytes = 0;
  Envelope envelope;
  std::string raw = {};
};

/// A binary heap whose event bodies stay in place.
class EventQueue {
 public:
  void push(QueuedEvent event) {
    size_t slot;
    if (free_.empty()) {
      slot = bodies_.size();
      bodies_.push_back(std::move(event));
    } else {
      slot = free_.back();
      free_.pop_back();
      bodies_[slot] = std::move(event);
    }
    heap_.push({bodies_[slot].key, slot});
  }
  bool empty() const { return heap_.empty(); }
  const EventKey& next() const { return heap_.top().key; }
  QueuedEvent pop() {
    const size_t slot = heap_.top().slot;
    heap_.pop();
    free_.push_back(slot);
    return std::move(bodies_[slot]);
  }
  size_t size() const { return heap_.size(); }
  /// Calls `see` with every queued event, in no stated order.
  template <class See>
  void for_each(See see) {
    std::vector<bool> spare(bodies_.size());
    for (const size_t slot : free_) spare[slot] = true;
    for (size_t i = 0; i < bodies_.size(); ++i)
      if (!spare[i]) see(bodies_[i]);
  }

 private:
  struct Entry {
    EventKey key;
    size_t slot;
    bool operator<(const Entry& other) const { return key > other.key; }
  };
  std::priority_queue<Entry> heap_;
  std::vector<QueuedEvent> bodies_;
  std::vector<size_t> free_;
};

}  // namespace bb::sim
