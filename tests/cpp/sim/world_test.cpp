// Worlds without adversaries: virtual time, traffic, losses, traces.
#include "sim/swarm.h"

namespace bb::test {
namespace {

using Row = std::vector<float>;

TEST(World, ARoundTakesTheSlowestPathAndAveragesEveryRow) {
  Swarm swarm(3, {.link = {.latency_ns = 10 * kMs}});
  swarm.latencies({5, 40, 20});
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.model(), (Row{2, 4, 6}));
  EXPECT_EQ(swarm.fired_ns, 50 * kMs);
  EXPECT_EQ(swarm.rows.size(), 3u);
  EXPECT_EQ(swarm.count("send"), 6u);
  EXPECT_EQ(swarm.count("deliver"), 6u);
  EXPECT_EQ(swarm.world.metrics().messages, 6u);
  EXPECT_EQ(swarm.world.metrics().delivered, 6u);
  EXPECT_EQ(swarm.world.metrics().lost, 0u);
}

TEST(World, BytesAreChargedPerDirectedPair) {
  Swarm swarm(2);
  ASSERT_TRUE(swarm.round().ok());
  const auto& bytes = swarm.world.bytes();
  ASSERT_EQ(bytes.size(), 4u);
  size_t traced = 0;
  for (const sim::TraceEvent& e : swarm.world.trace().events())
    if (e.kind == "send") {
      EXPECT_EQ(bytes.at({e.source, e.destination}), e.bytes);
      EXPECT_GT(e.bytes, 3 * sizeof(float));
      ++traced;
    }
  EXPECT_EQ(traced, 4u);
}

TEST(World, SerializingChangesNothing) {
  const auto outcome = [](bool serialize) {
    Swarm swarm(4, {.seed = 5,
                    .link = {.latency_ns = kMs, .bandwidth_bps = 1e6, .loss = 0.2},
                    .serialize = serialize});
    for (int64_t round = 0; round < 8; ++round) EXPECT_TRUE(swarm.round(round).ok());
    EXPECT_EQ(swarm.world.metrics().encoded > 0, serialize);
    return std::pair(swarm.trace(), swarm.model());
  };
  const auto plain = outcome(false);
  EXPECT_EQ(plain, outcome(true));
  EXPECT_NE(plain.first.find("drop"), std::string::npos);
  EXPECT_NE(plain.first.find("timeout"), std::string::npos);
}

TEST(World, LossesFollowTheSeed) {
  const auto trace = [](uint64_t seed) {
    Swarm swarm(4, {.seed = seed, .link = {.loss = 0.3}});
    for (int64_t round = 0; round < 6; ++round) EXPECT_TRUE(swarm.round(round).ok());
    return swarm.trace();
  };
  EXPECT_EQ(trace(1), trace(1));
  EXPECT_NE(trace(1), trace(2));
}

TEST(World, ADeadLinkEndsInATimeout) {
  Swarm swarm(3);
  swarm.link(client_id(2), PeerId::server(), {.bandwidth_bps = 0});
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.fired_ns, 5000 * kMs);
  EXPECT_EQ(swarm.rows.count(client_id(2)), 0u);
  EXPECT_EQ(swarm.rows.size(), 2u);
  EXPECT_EQ(swarm.count("timeout"), 1u);
  EXPECT_EQ(swarm.world.metrics().lost, 1u);
}

TEST(World, PeersItDoesNotHaveLoseTheirMessages) {
  sim::World world({});  // the server's selector knows clients 1 and 2
  ASSERT_TRUE(
      world.add(std::shared_ptr<Node>(node_of(load(Collect{}.bytes()), "server", PeerId::server())))
          .ok());
  ASSERT_TRUE(world.invoke(PeerId::server(), "server", {}, 0).ok());
  ASSERT_TRUE(world.run(INT64_MAX).ok());
  EXPECT_EQ(world.metrics().lost, 2u);
  EXPECT_EQ(world.trace().events().front().reason, "unknown_peer");
}

TEST(World, NamesPeersItCannotUse) {
  Swarm swarm(1);
  const auto again = swarm.world.add(
      std::shared_ptr<Node>(node_of(load(Collect{}.bytes()), "client", client_id(1))));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "duplicate_peer");
  EXPECT_EQ(swarm.world.invoke(client_id(9), "server", {}, 0).error().code, "unknown_peer");
  EXPECT_EQ(swarm.world.set_link(client_id(9), client_id(1), {}).error().code, "unknown_peer");
  EXPECT_EQ(
      swarm.world.corrupt(ids({9}), always(Knowledge::kOwn, replaced_by({0})), {}).error().code,
      "unknown_peer");
}

TEST(World, RunStopsAtItsLimitAndGoesOn) {
  Swarm swarm(2, {.link = {.latency_ns = 10 * kMs}});
  ASSERT_TRUE(swarm.world.invoke(PeerId::server(), "server", {}, 0).ok());
  ASSERT_TRUE(swarm.world.run(15 * kMs).ok());
  EXPECT_EQ(swarm.world.now_ns(), 15 * kMs);
  EXPECT_EQ(swarm.model(), (Row{1, 2, 3}));
  ASSERT_TRUE(swarm.world.run(20 * kMs).ok());
  EXPECT_EQ(swarm.model(), (Row{2, 4, 6}));
}

TEST(World, TheTraceKeepsTheNewestEvents) {
  Swarm whole(3), capped(3, {.link = {}, .trace_cap = 5}), none(3, {.link = {}, .trace_cap = 0});
  for (Swarm* swarm : {&whole, &capped, &none})
    for (int64_t round = 0; round < 3; ++round) ASSERT_TRUE(swarm->round(round).ok());
  const std::string all = whole.trace(), end = capped.trace();
  EXPECT_EQ(capped.world.trace().events().size(), 5u);
  EXPECT_EQ(capped.world.trace().forgotten(), whole.world.trace().events().size() - 5);
  EXPECT_EQ(all.substr(all.size() - end.size()), end);
  EXPECT_TRUE(none.world.trace().events().empty());
}

}  // namespace
}  // namespace bb::test
