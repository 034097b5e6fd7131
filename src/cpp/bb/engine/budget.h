// Budget and Charge: byte accounting that cannot leak, because a charge is released by its owner's
// end.
#pragma once

#include <cstddef>
#include <utility>

namespace bb::engine {

/// Bytes in flight under a cap.
class Budget {
 public:
  explicit Budget(size_t cap) : cap_(cap) {}
  size_t used() const { return used_; }
  bool fits(size_t bytes) const { return used_ <= cap_ && bytes <= cap_ - used_; }

 private:
  friend class Charge;
  size_t cap_;
  size_t used_ = 0;
};

/// Bytes taken from a budget and given back when the charge dies.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    if (this == &other) return *this;
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~Charge() { release(); }

  /// Takes bytes that fit; the caller asks `budget.fits` first, or holds the same bytes elsewhere
  /// under a charge that is about to end.
  static Charge take(Budget& budget, size_t bytes) {
    Charge charge;
    charge.budget_ = &budget;
    charge.bytes_ = bytes;
    budget.used_ += bytes;
    return charge;
  }
  /// Joins another charge of the same budget to this one.
  void absorb(Charge other) {
    if (budget_ == nullptr) {
      *this = std::move(other);
      return;
    }
    bytes_ += std::exchange(other.bytes_, 0);
    other.budget_ = nullptr;
  }
  void release() {
    if (budget_ != nullptr) budget_->used_ -= bytes_;
    budget_ = nullptr;
    bytes_ = 0;
  }
  size_t bytes() const { return bytes_; }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace bb::engine
