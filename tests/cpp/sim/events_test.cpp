// The event queue's order, and the timing of one link.
#include <gtest/gtest.h>

#include <algorithm>

#include "bb/sim/event_queue.h"
#include "bb/sim/link.h"

namespace bb::sim {
namespace {

std::vector<EventKey> all_keys() {
  std::vector<EventKey> keys;
  for (int64_t time = 0; time < 3; ++time)
    for (uint32_t destination = 0; destination < 3; ++destination)
      for (uint32_t source = 0; source < 3; ++source)
        for (uint64_t sequence = 0; sequence < 3; ++sequence)
          keys.push_back({time, destination, source, sequence});
  return keys;
}

TEST(EventQueue, OrderDoesNotDependOnInsertion) {
  const std::vector<EventKey> sorted = all_keys();  // written in (time, destination, …) order
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Stream rng(seed, "shuffle");
    std::vector<EventKey> keys = sorted;
    for (size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[rng.next_below(i)]);
    EventQueue queue;
    for (const EventKey& key : keys) {
      QueuedEvent event;
      event.key = key;
      event.bytes = key.sequence + 10 * key.source;
      queue.push(std::move(event));
    }
    for (const EventKey& want : sorted) {
      ASSERT_EQ(queue.next(), want);
      const QueuedEvent event = queue.pop();
      ASSERT_EQ(event.key, want);
      ASSERT_EQ(event.bytes, want.sequence + 10 * want.source);
    }
    EXPECT_TRUE(queue.empty());
  }
}

TEST(EventQueue, BodiesSurviveReuseOfTheirPlaces) {
  EventQueue queue;
  for (int64_t time = 0; time < 1000; ++time) {
    QueuedEvent event;
    event.key.time_ns = time;
    event.envelope.target = std::to_string(time);
    queue.push(std::move(event));
    if (time % 3 != 0) continue;
    const QueuedEvent popped = queue.pop();
    ASSERT_EQ(popped.envelope.target, std::to_string(popped.key.time_ns));
  }
  EXPECT_EQ(queue.size(), 1000u - 334u);
}

TEST(Link, LatencyAloneDelaysEveryMessageAlike) {
  Link link({.latency_ns = 70}, 1, 0, 1);
  EXPECT_EQ(link.transmit(5, 100), 75);
  EXPECT_EQ(link.transmit(5, 1'000'000), 75);
}

TEST(Link, MessagesQueueBehindEachOther) {
  Link link({.latency_ns = 50, .bandwidth_bps = 8e6}, 1, 0, 1);  // one byte takes 1000 ns
  EXPECT_EQ(link.transmit(0, 3), 3050);
  EXPECT_EQ(link.transmit(1000, 2), 5050);   // waits for the first
  EXPECT_EQ(link.transmit(9000, 1), 10050);  // the line is free again
}

TEST(Link, WithoutBandwidthNothingArrives) {
  Link dead({.bandwidth_bps = 0.0}, 1, 0, 1);
  EXPECT_EQ(dead.transmit(0, 0), std::nullopt);
  EXPECT_EQ(dead.transmit(0, 8), std::nullopt);
}

TEST(Link, TimesNeverOverflow) {
  Link slow({.latency_ns = INT64_MAX, .bandwidth_bps = 1e-8}, 1, 0, 1);
  int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const auto when = slow.transmit(last, 1);  // 8e8 seconds each
    if (!when) return;
    ASSERT_GT(*when, last);
    last = *when;
  }
  FAIL() << "messages kept arriving";
}

std::vector<bool> losses(uint64_t seed, uint64_t source, uint64_t destination, double loss) {
  Link link({.loss = loss}, seed, source, destination);
  std::vector<bool> out;
  for (int i = 0; i < 2000; ++i) out.push_back(!link.transmit(i, 10).has_value());
  return out;
}

TEST(Link, LossesFollowTheSeedAndThePair) {
  const std::vector<bool> one = losses(7, 2, 3, 0.25);
  EXPECT_EQ(one, losses(7, 2, 3, 0.25));
  EXPECT_NE(one, losses(8, 2, 3, 0.25));
  EXPECT_NE(one, losses(7, 3, 2, 0.25));
  const auto lost = std::count(one.begin(), one.end(), true);
  EXPECT_GT(lost, 400);  // 500 expected, deviation 19
  EXPECT_LT(lost, 600);
  const std::vector<bool> all = losses(7, 2, 3, 1.0), none = losses(7, 2, 3, 0.0);
  EXPECT_EQ(std::count(all.begin(), all.end(), true), 2000);
  EXPECT_EQ(std::count(none.begin(), none.end(), true), 0);
}

}  // namespace
}  // namespace bb::sim
