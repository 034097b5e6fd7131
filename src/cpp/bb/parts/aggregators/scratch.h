// Memory of one call of a rule: handed out in order, taken back at once, kept for the next call.
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <vector>

namespace bb::rules {

/// Allocations are never freed one by one; reset() frees all and keeps one block that would have
/// held them, so that the same calls need no heap again. Blocks beyond kKept are given back.
class Scratch final : public std::pmr::memory_resource {
 public:
  static constexpr size_t kKept = size_t{1} << 20;
  void reset();

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };
  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void*, size_t, size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::vector<Block> blocks_;
  size_t used_ = 0;  ///< of the last block
};

}  // namespace bb::rules
