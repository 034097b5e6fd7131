// Adversaries: what they see, when they act, and what becomes of the sends they hold.
#include "sim/swarm.h"

namespace bb::test {
namespace {

using Row = std::vector<float>;
using Kind = AttackAction::Kind;

TEST(Adversary, WaitsForEveryHonestRowHoweverLate) {
  Swarm swarm(4);
  swarm.latencies({1, 2, 30, 4});
  swarm.link(PeerId::server(), client_id(4), {.latency_ns = 900 * kMs});  // gets its weights last
  const auto attack = always(Knowledge::kHonest, replaced_by({-9, -9, -9}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1, 2}), attack, {"update"}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].own, ids({1, 2}));
  EXPECT_EQ(attack->calls[0].honest, ids({3, 4}));
  EXPECT_EQ(attack->calls[0].honest_rows, (std::vector<Row>{{2, 4, 6}, {2, 4, 6}}));
  EXPECT_EQ(attack->calls[0].f, 2u);
  EXPECT_EQ(attack->calls[0].n, 4u);
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{-9, -9, -9}));
  EXPECT_EQ(swarm.rows[client_id(3)], (Row{2, 4, 6}));
  EXPECT_EQ(swarm.fired_ns, 904 * kMs);  // client 4's own link; the released sends took no time
  EXPECT_EQ(swarm.count("hold"), 2u);
  EXPECT_EQ(swarm.count("replace"), 2u);
}

TEST(Adversary, ReleasedSendsCrossWithoutLatency) {
  Swarm swarm(2);
  swarm.latencies({700, 3});
  ASSERT_TRUE(
      swarm.world.corrupt(ids({1}), always(Knowledge::kHonest, replaced_by({0, 0, 0})), {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.fired_ns, 3 * kMs);
  EXPECT_EQ(swarm.rows.size(), 2u);
}

TEST(Adversary, DoesNotWaitForColludersOrHonestNodesThatCannotAnswer) {
  Swarm swarm(4, {.link = {.latency_ns = kMs}});
  swarm.link(PeerId::server(), client_id(1), {.bandwidth_bps = 0});  // a colluder without weights
  swarm.link(PeerId::server(), client_id(3), {.bandwidth_bps = 0});  // an honest one
  swarm.link(client_id(4), PeerId::server(), {.bandwidth_bps = 0});  // sends, but in vain
  const auto attack = always(Knowledge::kHonest, replaced_by({5, 5, 5}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1, 2}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].own, ids({2}));
  EXPECT_EQ(attack->calls[0].honest, ids({4}));
  for (const sim::TraceEvent& e : swarm.world.trace().events())
    if (e.kind == "replace") {
      EXPECT_EQ(e.time_ns, kMs);
    }
  EXPECT_EQ(swarm.fired_ns, 5000 * kMs);  // the gather waits for 1, 3 and 4 in vain
  ASSERT_EQ(swarm.rows.size(), 1u);
  EXPECT_EQ(swarm.rows[client_id(2)], (Row{5, 5, 5}));
}

TEST(Adversary, GivesUpWaitingAfterMostOfTheTimeout) {
  Swarm swarm(3);
  swarm.link(PeerId::server(), client_id(3), {.latency_ns = 60'000 * kMs});  // after the timeout
  const auto attack = always(Knowledge::kHonest, replaced_by({7, 7, 7}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].honest, ids({2}));
  for (const sim::TraceEvent& e : swarm.world.trace().events())
    if (e.kind == "replace") {
      EXPECT_EQ(e.time_ns, 4500 * kMs);
    }
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{7, 7, 7}));
}

TEST(Adversary, ThatKnowsNobodyElseNeverHolds) {
  for (const Knowledge knowledge : {Knowledge::kNone, Knowledge::kOwn}) {
    Swarm swarm(2);
    swarm.latencies({1, 50});
    const auto attack = always(knowledge, replaced_by({1, 1, 1}));
    ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
    ASSERT_TRUE(swarm.round().ok());
    EXPECT_EQ(swarm.count("hold"), 0u);
    ASSERT_EQ(attack->calls.size(), 1u);
    EXPECT_TRUE(attack->calls[0].honest.empty());
    EXPECT_EQ(swarm.rows[client_id(1)], (Row{1, 1, 1}));
  }
}

TEST(Adversary, ActsEveryRoundOnThatRoundsRows) {
  Swarm swarm(3);
  const auto attack = always(Knowledge::kHonest, {Kind::kDelay, {}, 0});
  ASSERT_TRUE(swarm.world.corrupt(ids({3}), attack, {}).ok());
  for (int64_t round = 0; round < 20; ++round) {
    swarm.set_model({static_cast<float>(round), 0, 0});
    ASSERT_TRUE(swarm.round(round).ok());
    ASSERT_EQ(attack->calls.size(), static_cast<size_t>(round) + 1);
    EXPECT_EQ(attack->calls.back().round, round);
    EXPECT_EQ(attack->calls.back().honest, ids({1, 2}));
    EXPECT_EQ(attack->calls.back().honest_rows[1], (Row{2 * static_cast<float>(round), 0, 0}));
  }
}

TEST(Adversary, PortsThatAreNotItsOwnPassUntouched) {
  Swarm swarm(2);
  const auto attack = always(Knowledge::kHonest, replaced_by({1, 1, 1}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {"gradient"}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_TRUE(attack->calls.empty());
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{2, 4, 6}));
}

TEST(Adversary, TwoActApart) {
  Swarm swarm(4);
  const auto one = always(Knowledge::kHonest, replaced_by({1, 1, 1}));
  const auto two = always(Knowledge::kHonest, replaced_by({2, 2, 2}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), one, {}).ok());
  ASSERT_TRUE(swarm.world.corrupt(ids({2, 3}), two, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(one->calls.size(), 1u);
  ASSERT_EQ(two->calls.size(), 1u);
  EXPECT_EQ(one->calls[0].honest, ids({4}));
  EXPECT_EQ(two->calls[0].honest, ids({4}));
  EXPECT_EQ(two->calls[0].own, ids({2, 3}));
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{1, 1, 1}));
  EXPECT_EQ(swarm.rows[client_id(3)], (Row{2, 2, 2}));
}

TEST(Actions, DropWithholdsTheSend) {
  Swarm swarm(2);
  const auto attack = always(Knowledge::kHonest, {Kind::kDrop, {}, 0});
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.rows.count(client_id(1)), 0u);
  EXPECT_EQ(swarm.count("withhold"), 1u);
  EXPECT_EQ(swarm.fired_ns, 5000 * kMs);
}

TEST(Actions, DelayHoldsTheHonestRowBack) {
  Swarm swarm(2);
  const auto attack = always(Knowledge::kOwn, {Kind::kDelay, {}, 300 * kMs});
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.fired_ns, 300 * kMs);
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{2, 4, 6}));
}

TEST(Actions, DuplicateSendsTwiceAndCountsOnce) {
  Swarm swarm(2);
  swarm.latencies({0, 100});
  const auto attack = always(Knowledge::kOwn, {Kind::kDuplicate, {}, 10 * kMs});
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.rows.size(), 2u);
  EXPECT_EQ(swarm.model(), (Row{2, 4, 6}));
  EXPECT_EQ(swarm.count("send"), 5u);
  EXPECT_NE(swarm.trace().find("duplicate"), std::string::npos) << swarm.trace();
}

TEST(Actions, AReplacedRowTakesTheShapeOfTheOneItReplaces) {
  sim::Adversary adversary(always(Knowledge::kOwn, replaced_by({1, 2, 3})), {1}, {}, 0, 0);
  sim::HeldSend held{1, {}};
  held.send.envelope.fills.push_back({"update", floats({4, 5, 6}).reshaped({3, 1}), ""});
  const std::vector<PeerId> peers = {PeerId::server(), client_id(1)};
  auto released = adversary.act("update", {held}, {}, peers, nullptr);
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(std::get<Tensor>((*released)[0].send.envelope.fills[0].value).shape(), (Shape{3, 1}));
}

/// The code with which a round under this attack ends.
std::string outcome(std::shared_ptr<const Attack> attack) {
  Swarm swarm(3);
  EXPECT_TRUE(swarm.world.corrupt(ids({1, 2}), std::move(attack), {}).ok());
  const Status status = swarm.round();
  return status.ok() ? "" : status.error().code;
}

TEST(AttackErrors, EndTheRun) {
  EXPECT_EQ(outcome(std::make_shared<NotingAttack>(
                Knowledge::kHonest,
                [](size_t) -> Result<std::vector<AttackAction>> {
                  return make_error(Fault::kConfig, "my_attack_failed", "it could not");
                })),
            "my_attack_failed");
  EXPECT_EQ(outcome(std::make_shared<NotingAttack>(
                Knowledge::kHonest,
                [](size_t n) -> Result<std::vector<AttackAction>> {
                  return std::vector<AttackAction>(n + 1, replaced_by({0, 0, 0}));
                })),
            "bad_attack");
  EXPECT_EQ(outcome(always(Knowledge::kOwn, {Kind::kDelay, {}, -1})), "bad_attack");
  EXPECT_EQ(outcome(always(Knowledge::kOwn, {Kind::kDuplicate, {}, INT64_MAX})), "bad_attack");
  EXPECT_EQ(outcome(always(Knowledge::kOwn, {Kind::kReplace, {}, 0})), "bad_attack");
}

TEST(AttackErrors, RowsOfAnotherSizeAreTheReceiversToRefuse) {
  Swarm swarm(2);
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), always(Knowledge::kOwn, replaced_by({1, 2})), {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_EQ(swarm.rows.size(), 1u);
  EXPECT_NE(swarm.trace().find("type_mismatch"), std::string::npos) << swarm.trace();
}

TEST(AttackErrors, RowsThatCannotBeComputedOnPassOrAreRefused) {
  const auto attack = always(Knowledge::kOwn, replaced_by({1}));
  sim::Adversary adversary(attack, {1, 2}, {}, 0, 0);
  const std::vector<PeerId> peers = {PeerId::server(), client_id(1), client_id(2)};
  const auto held = [](uint32_t node, Value value) {
    sim::HeldSend out{node, {}};
    out.send.envelope.fills.push_back({"update", std::move(value), ""});
    return out;
  };
  auto whole_numbers =
      adversary.act("update", {held(1, Tensor::scalar<int32_t>(4))}, {}, peers, nullptr);
  ASSERT_TRUE(whole_numbers.ok());
  EXPECT_EQ((*whole_numbers)[0].kind, sim::ReleasedSend::Kind::kAsItWas);
  EXPECT_TRUE(attack->calls.empty());
  const auto mixed = adversary.act("update", {held(1, floats({1, 2})), held(2, floats({1, 2, 3}))},
                                   {}, peers, nullptr);
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code, "bad_attack");
}

}  // namespace
}  // namespace bb::test
