// Tests that parallel loops visit the same chunks on any number of threads.
#include "bb/tensor/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cfenv>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace bb {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
using Chunks = std::multiset<std::pair<size_t, size_t>>;

Chunks visited(size_t count, size_t grain, size_t bytes_per_item) {
  std::mutex mutex;
  Chunks chunks;
  parallel_for(count, grain, bytes_per_item, [&](size_t begin, size_t end) {
    const std::lock_guard lock(mutex);
    chunks.emplace(begin, end);
  });
  return chunks;
}

Chunks expected(size_t count, size_t grain) {
  Chunks chunks;
  for (size_t begin = 0; begin < count; begin += grain)
    chunks.emplace(begin, std::min(begin + grain, count));
  return chunks;
}

TEST(ParallelFor, VisitsEveryChunkOnceForAnyThreadsAndGrain) {
  for (const int threads : {1, 2, 3, 8}) {
    const ThreadScope scope(threads);
    for (const size_t count : {0u, 1u, 7u, 64u, 1000u})
      for (const size_t grain : {1u, 3u, 64u, 5000u})
        EXPECT_EQ(visited(count, grain, kMiB), expected(count, grain))
            << threads << " " << count << " " << grain;
  }
}

TEST(ParallelFor, ManyLoopsInARowGiveTheSameSums) {
  const ThreadScope scope(3);
  const size_t count = 64;
  std::vector<int> hits(count, 0);
  const int loops = 2000;
  for (int i = 0; i < loops; ++i)
    parallel_for(count, 4, kMiB, [&](size_t begin, size_t end) {
      for (size_t k = begin; k < end; ++k) ++hits[k];
    });
  for (const int hit : hits) EXPECT_EQ(hit, loops);
}

TEST(ParallelFor, StaysOnTheCallerWhenAloneOrSmall) {
  const size_t before = parallel_stats().parallel_calls;
  const std::thread::id caller = std::this_thread::get_id();
  const auto on_caller = [&](size_t, size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); };
  EXPECT_EQ(thread_limit(), 1);
  parallel_for(100, 1, kMiB, on_caller);
  const ThreadScope scope(4);
  parallel_for(1023, 1, 1024, on_caller);     // below 1 MiB
  parallel_for(kMiB, kMiB, 1024, on_caller);  // a single chunk
  EXPECT_EQ(parallel_stats().parallel_calls, before);
  parallel_for(1024, 1, 1024, [](size_t, size_t) {});
  EXPECT_EQ(parallel_stats().parallel_calls, before + 1);
  EXPECT_GE(parallel_stats().most_threads, 2);
}

TEST(ParallelFor, AnotherThreadReallyTakesPart) {
  const ThreadScope scope(2);
  std::atomic<int> arrived{0};
  // Each chunk waits for the other, so one thread alone could not finish.
  parallel_for(2, 1, kMiB, [&](size_t, size_t) {
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived.load(), 2);
}

TEST(ParallelFor, NestedLoopsRunOnTheThreadThatCallsThem) {
  const ThreadScope scope(4);
  std::atomic<size_t> inner{0};
  parallel_for(8, 1, kMiB, [&](size_t, size_t) {
    const ThreadScope wide(4);
    const std::thread::id caller = std::this_thread::get_id();
    parallel_for(8, 1, kMiB, [&](size_t, size_t) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      ++inner;
    });
  });
  EXPECT_EQ(inner.load(), 64u);
}

TEST(ParallelFor, LoopsOnSeveralThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      const ThreadScope scope(t % 2 == 0 ? 1 : 3);
      for (int i = 0; i < 200; ++i) EXPECT_EQ(visited(20, 3, kMiB), expected(20, 3));
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(ParallelFor, HugeCountsOfBytesDoNotOverflow) {
  const ThreadScope scope(2);
  EXPECT_EQ(visited(4, 1, SIZE_MAX), expected(4, 1));
}

TEST(ParallelFor, TheCallersRoundingModeHoldsOnEveryThread) {
  const ThreadScope scope(2);
  std::atomic<int> arrived{0}, upward{0};
  std::fesetround(FE_UPWARD);
  parallel_for(2, 1, kMiB, [&](size_t, size_t) {
    if (std::fegetround() == FE_UPWARD) ++upward;
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  });
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(upward.load(), 2);
}

TEST(ThreadScope, NestsRestoresAndClamps) {
  EXPECT_EQ(thread_limit(), 1);
  {
    const ThreadScope outer(4);
    EXPECT_EQ(thread_limit(), 4);
    {
      const ThreadScope inner(0);
      EXPECT_EQ(thread_limit(), 1);
    }
    EXPECT_EQ(thread_limit(), 4);
    std::thread([] { EXPECT_EQ(thread_limit(), 1); }).join();
  }
  EXPECT_EQ(thread_limit(), 1);
  EXPECT_GE(core_count(), 1);
}

TEST(ParallelFor, AForkedChildStartsAloneAndMayStartItsOwnThreads) {
  const ThreadScope scope(2);
  EXPECT_EQ(visited(8, 1, kMiB), expected(8, 1));
  const pid_t child = fork();
  if (child == 0) {
    if (thread_limit() != 1) _exit(1);
    if (visited(8, 1, kMiB) != expected(8, 1)) _exit(2);
#ifdef __SANITIZE_THREAD__
    _exit(0);  // the thread sanitizer cannot follow threads started after a fork
#endif
    const ThreadScope again(2);
    _exit(visited(8, 1, kMiB) == expected(8, 1) ? 0 : 3);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ParallelForDeathTest, AGrainOfZeroStopsTheProcess) {
  EXPECT_DEATH(parallel_for(1, 0, 1, [](size_t, size_t) {}), "broken invariant");
}

}  // namespace
}  // namespace bb
