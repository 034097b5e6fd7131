// Tests that tensor memory is recycled by size and that the store stays bounded.
#include "bb/tensor/arena.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace bb {
namespace {

constexpr size_t kKiB = 1024;

TEST(Arena, GivesAFreedBlockToTheNextRequestOfItsSize) {
  arena::trim();
  std::byte* first = arena::acquire(100 * kKiB);
  arena::release(first, 100 * kKiB);
  EXPECT_EQ(arena::stats().kept_blocks, 1u);
  const size_t reused = arena::stats().reused;
  std::byte* second = arena::acquire(100 * kKiB - 100);
  EXPECT_EQ(second, first);
  EXPECT_EQ(arena::stats().reused, reused + 1);
  EXPECT_EQ(arena::stats().kept_bytes, 0u);
  arena::release(second, 100 * kKiB - 100);
  std::byte* larger = arena::acquire(200 * kKiB);
  EXPECT_EQ(arena::stats().reused, reused + 1);
  arena::release(larger, 200 * kKiB);
  arena::trim();
  EXPECT_EQ(arena::stats().kept_blocks, 0u);
}

TEST(Arena, LargeBlocksStartOnHugePages) {
  const size_t size = 5 * kKiB * kKiB;
  std::byte* block = arena::acquire(size);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (2 * kKiB * kKiB), 0u);
  arena::release(block, size);
  arena::trim();
}

TEST(Arena, EveryByteOfEverySizeMayBeWritten) {
  for (size_t size = 1; size < 9 * kKiB * kKiB; size = size * 5 / 4 + 1) {
    std::byte* block = arena::acquire(size);
    std::memset(block, 1, size);
    arena::release(block, size);
  }
  arena::trim();
}

TEST(Arena, KeepsNoMoreBlocksThanItsCap) {
  arena::trim();
  std::vector<std::byte*> blocks;
  for (size_t i = 0; i < arena::kKeptBlocksCap + 20; ++i)
    blocks.push_back(arena::acquire(40 * kKiB));
  for (std::byte* block : blocks) arena::release(block, 40 * kKiB);
  EXPECT_EQ(arena::stats().kept_blocks, arena::kKeptBlocksCap);
  arena::trim();
}

TEST(Arena, KeepsNoMoreBytesThanItsCapAndDropsTheOldest) {
  arena::trim();
  const size_t third = arena::kKeptBytesCap / 3;  // untouched pages cost nothing
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(arena::acquire(third));
  for (std::byte* block : blocks) arena::release(block, third);
  EXPECT_LE(arena::stats().kept_bytes, arena::kKeptBytesCap);
  EXPECT_GE(arena::stats().kept_blocks, 1u);
  EXPECT_EQ(arena::acquire(third), blocks.back());
  arena::release(blocks.back(), third);
  std::byte* huge = arena::acquire(2 * arena::kKeptBytesCap);
  arena::release(huge, 2 * arena::kKeptBytesCap);
  EXPECT_LE(arena::stats().kept_bytes, arena::kKeptBytesCap);
  arena::trim();
}

TEST(Arena, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 300; ++i) {
        const size_t size = 33 * kKiB + static_cast<size_t>(i % 7) * 10 * kKiB;
        std::byte* block = arena::acquire(size);
        std::memset(block, t, size);
        EXPECT_EQ(block[size - 1], std::byte(t));
        arena::release(block, size);
      }
    });
  for (std::thread& thread : threads) thread.join();
  arena::trim();
}

TEST(Arena, WorksInAForkedChild) {
  arena::release(arena::acquire(50 * kKiB), 50 * kKiB);
  const pid_t child = fork();
  if (child == 0) {
    std::byte* block = arena::acquire(50 * kKiB);
    std::memset(block, 1, 50 * kKiB);
    arena::release(block, 50 * kKiB);
    _exit(arena::stats().kept_blocks >= 1 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace bb
