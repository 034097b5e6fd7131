// Grows by blocks of at least twice the size; folds them into one when the call is over.
#include "bb/parts/aggregators/scratch.h"

#include <algorithm>
#include <cstdint>

namespace bb::rules {
namespace {

constexpr size_t kSmallestBlock = 4096;

size_t padding(const std::byte* at, size_t alignment) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  return (alignment - address % alignment) % alignment;
}

}  // namespace

void* Scratch::do_allocate(size_t bytes, size_t alignment) {
  if (!blocks_.empty()) {
    Block& block = blocks_.back();
    const size_t skipped = padding(block.bytes.get() + used_, alignment);
    if (used_ + skipped + bytes <= block.size) {
      std::byte* at = block.bytes.get() + used_ + skipped;
      used_ += skipped + bytes;
      return at;
    }
  }
  const size_t doubled = blocks_.empty() ? kSmallestBlock : 2 * blocks_.back().size;
  const size_t size = std::max(doubled, bytes + alignment);
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
  used_ = 0;
  return do_allocate(bytes, alignment);
}

void Scratch::reset() {
  used_ = 0;
  size_t total = 0;
  for (const Block& block : blocks_) total += block.size;
  if (blocks_.size() == 1 && total <= kKept) return;
  blocks_.clear();
  if (total == 0 || total > kKept) return;
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[total]), total});
}

}  // namespace bb::rules
