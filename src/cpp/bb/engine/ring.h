// Ring: a first-in-first-out queue that keeps its memory and owns none while it was never used.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace bb::engine {

template <class T>
class Ring {
 public:
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }

  void push(T value) {
    if (count_ == cells_.size()) grow();
    cells_[(head_ + count_) & (cells_.size() - 1)] = std::move(value);
    ++count_;
  }
  const T& front() const { return cells_[head_]; }
  /// Removes and returns the oldest; the queue must not be empty.
  T pop() {
    T out = std::exchange(cells_[head_], T{});
    head_ = (head_ + 1) & (cells_.size() - 1);
    --count_;
    return out;
  }

 private:
  void grow() {
    std::vector<T> larger(cells_.empty() ? kFirstSize : cells_.size() * 2);
    for (size_t i = 0; i < count_; ++i) {
      larger[i] = std::move(cells_[(head_ + i) & (cells_.size() - 1)]);
    }
    cells_ = std::move(larger);
    head_ = 0;
  }
  static constexpr size_t kFirstSize = 4;  // a power of two, and so is every later size
  std::vector<T> cells_;
  size_t head_ = 0;
  size_t count_ = 0;
};

}  // namespace bb::engine
