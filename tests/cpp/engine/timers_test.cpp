// Timers mature in order of time, then of setting; a cancelled one never does.
#include "bb/engine/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bb/base/philox.h"

namespace bb::engine {
namespace {

TEST(Timers, TiesKeepTheOrderOfSetting) {
  Timers timers;
  for (uint64_t id = 0; id < 20; ++id) timers.set(7, TimerKind::kGather, id);
  for (uint64_t id = 0; id < 20; ++id) EXPECT_EQ(timers.pop().id, id);
}

TEST(Timers, AgreeWithASortedListUnderSetPopAndCancel) {
  Timers timers;
  std::vector<std::pair<int64_t, uint64_t>> oracle;  // ids grow with every set
  Stream stream(3, "timers");
  for (uint64_t id = 0; id < 2000; ++id) {
    const auto maturity = static_cast<int64_t>(stream.next_below(50));
    timers.set(maturity, TimerKind::kEarly, id);
    oracle.emplace_back(maturity, id);
    std::sort(oracle.begin(), oracle.end());
    if (stream.next_below(3) == 0) {
      const auto victim = oracle.begin() + static_cast<long>(stream.next_below(oracle.size()));
      timers.cancel(victim->second);
      oracle.erase(victim);
    }
    if (!oracle.empty() && stream.next_below(3) == 0) {
      const Timer timer = timers.pop();
      EXPECT_EQ(timer.maturity_ns, oracle.front().first);
      EXPECT_EQ(timer.id, oracle.front().second);
      oracle.erase(oracle.begin());
    }
    ASSERT_EQ(timers.empty(), oracle.empty());
  }
}

}  // namespace
}  // namespace bb::engine
