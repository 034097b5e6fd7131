// Timers on a binary heap.
#include "bb/engine/timers.h"

#include <algorithm>

namespace bb::engine {

namespace {

bool later(const Timer& a, const Timer& b) {
  if (a.maturity_ns != b.maturity_ns) return a.maturity_ns > b.maturity_ns;
  return a.sequence > b.sequence;
}

}  // namespace

void Timers::set(int64_t maturity_ns, TimerKind kind, uint64_t id) {
  heap_.push_back({maturity_ns, sequence_++, kind, id});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

Timer Timers::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Timer timer = heap_.back();
  heap_.pop_back();
  return timer;
}

void Timers::cancel(uint64_t id) {
  const auto found =
      std::find_if(heap_.begin(), heap_.end(), [id](const Timer& timer) { return timer.id == id; });
  if (found == heap_.end()) return;
  *found = heap_.back();
  heap_.pop_back();
  std::make_heap(heap_.begin(), heap_.end(), later);
}

}  // namespace bb::engine
