// A server and two clients driven by hand: every way a contribution can reach a gather.
#include <gtest/gtest.h>

#include "node/collect.h"

namespace bb::test {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class GatherTranscript : public ::testing::Test {
 protected:
  void start(const Collect& collect, NodeConfig limits = {}) {
    program_ = load(collect.bytes());
    ASSERT_NE(program_, nullptr);
    server_ = node_of(program_, "server", PeerId::server(), limits);
    one_ = node_of(program_, "client", PeerId::from_int(1));
    two_ = node_of(program_, "client", PeerId::from_int(2));
    ASSERT_TRUE(server_ && one_ && two_);
  }
  Steps poll(Node& node, int64_t now_ns = 0) {
    Steps steps;
    node.poll(now_ns, 0, steps);
    EXPECT_FALSE(steps.more);
    return steps;
  }
  /// Starts a round; returns its key.
  EnvelopeKey begin(int64_t round = 0) {
    const auto exec = server_->invoke("server", {}, round);
    EXPECT_TRUE(exec.ok());
    sent_ = poll(*server_).sends;
    return {PeerId::server(), *exec, round};
  }
  /// Delivers encoded bytes to the server as if `peer` had sent them.
  void send(uint64_t peer, const EnvelopeKey& key, const Tensor& value) {
    server_->deliver(PeerId::from_int(peer), *encode(update_of(key, value)));
  }
  static std::vector<std::string> reasons(const Steps& steps) {
    std::vector<std::string> out;
    for (const Drop& drop : steps.drops) out.push_back(drop.reason + " " + drop.peer.text());
    return out;
  }
  static std::vector<std::string> topics(const Steps& steps) {
    std::vector<std::string> out;
    for (const Event& event : steps.events) out.push_back(event.topic);
    return out;
  }
  template <class T>
  static const T& object_of(const Event& event) {
    return dynamic_cast<const T&>(*std::get<std::shared_ptr<const Object>>(event.payload));
  }
  static std::vector<std::vector<float>> loaded(const Steps& steps) {
    std::vector<std::vector<float>> out;
    for (const Output& output : steps.outputs) {
      EXPECT_EQ(output.name, "loaded");
      out.push_back(list(std::get<Tensor>(output.value)));
    }
    return out;
  }

  std::shared_ptr<const Program> program_;
  std::unique_ptr<Node> server_, one_, two_;
  std::vector<Send> sent_;
};

using Reasons = std::vector<std::string>;
using Loaded = std::vector<std::vector<float>>;

TEST_F(GatherTranscript, OneRoundThroughRealBytes) {
  start({});
  const EnvelopeKey key = begin();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[0].to, PeerId::from_int(1));
  EXPECT_EQ(sent_[1].to, PeerId::from_int(2));
  EXPECT_TRUE(server_->holds_frame(key));
  Node* clients[] = {one_.get(), two_.get()};
  for (size_t i = 0; i < 2; ++i) {
    const std::string bytes = *encode(sent_[i].envelope);
    EXPECT_EQ(sent_[i].bytes, bytes.size());
    clients[i]->deliver(PeerId::server(), bytes);
    const Steps answer = poll(*clients[i]);
    ASSERT_EQ(answer.sends.size(), 1u);
    EXPECT_EQ(answer.sends[0].to, PeerId::server());
    EXPECT_EQ(answer.sends[0].envelope.key, key);
    server_->deliver(sent_[i].to, *encode(answer.sends[0].envelope));
  }
  const Steps steps = poll(*server_);
  EXPECT_EQ(loaded(steps), (Loaded{{2, 2, 2}}));
  EXPECT_EQ(topics(steps), (std::vector<std::string>{"gathered", "aggregation"}));
  const auto& rows = object_of<Arrived>(steps.events.at(0));
  EXPECT_EQ(rows.peers, (std::vector<PeerId>{PeerId::from_int(1), PeerId::from_int(2)}));
  EXPECT_EQ(list(rows.values.at(1)), (std::vector<float>{2, 2, 2}));
  EXPECT_TRUE(steps.drops.empty() && steps.failures.empty() && steps.timeouts.empty());
  EXPECT_EQ(list(*server_->cell("model", "params")), (std::vector<float>{2, 2, 2}));
  EXPECT_FALSE(server_->holds_frame(key));
  EXPECT_EQ(server_->live_frames() + one_->live_frames() + two_->live_frames(), 0u);
  EXPECT_EQ(server_->metrics().bytes_in_flight, 0u);
  EXPECT_EQ(server_->next_deadline(), INT64_MAX);
}

TEST_F(GatherTranscript, FirstArrivalOfAPeerWins) {
  start({});
  const EnvelopeKey key = begin();
  send(1, key, floats({1, 1, 1}));
  send(1, key, floats({1, 1, 1}));
  send(1, key, floats({9, 9, 9}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"duplicate 1", "equivocation 1"}));
  send(2, key, floats({3, 3, 3}));
  EXPECT_EQ(loaded(poll(*server_)), (Loaded{{2, 2, 2}}));
}

TEST_F(GatherTranscript, ARepeatWithAnotherBitPatternIsEquivocation) {
  start({});
  const EnvelopeKey key = begin();
  send(1, key, floats({0.0f, 1, 1}));
  send(1, key, floats({-0.0f, 1, 1}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"equivocation 1"}));
}

TEST_F(GatherTranscript, StrangersAreNotInvited) {
  start({});
  const EnvelopeKey key = begin();
  send(7, key, floats({1, 1, 1}));
  const Steps steps = poll(*server_);
  EXPECT_EQ(reasons(steps), (Reasons{"not_invited 7"}));
  EXPECT_EQ(steps.drops[0].port, "updates");
  EXPECT_TRUE(server_->holds_frame(key));
}

TEST_F(GatherTranscript, ArrivalsAfterFiringAreLate) {
  start({.need = 1});
  const EnvelopeKey key = begin();
  send(2, key, floats({4, 4, 4}));
  EXPECT_EQ(loaded(poll(*server_)), (Loaded{{4, 4, 4}}));
  send(1, key, floats({1, 1, 1}));
  send(2, key, floats({4, 4, 4}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"late 1", "late 2"}));
}

TEST_F(GatherTranscript, KeysOlderThanTheMemoryAreStillLate) {
  start({.need = 1});
  const EnvelopeKey first = begin(0);
  send(1, first, floats({1, 1, 1}));
  poll(*server_);
  for (int64_t round = 1; round < 100; ++round) {
    send(1, begin(round), floats({1, 1, 1}));
    poll(*server_);
  }
  send(2, first, floats({5, 5, 5}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"late 2"}));
}

TEST_F(GatherTranscript, EarlyArrivalsWaitForTheGatherToOpen) {
  start({.key = "round"});
  const EnvelopeKey ahead{PeerId::from_int(1), 40, 3};
  send(1, ahead, floats({1, 1, 1}));
  send(7, ahead, floats({8, 8, 8}));
  send(1, ahead, floats({2, 2, 2}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"equivocation 1"}));
  EXPECT_EQ(server_->live_frames(), 0u);
  EXPECT_EQ(server_->metrics().bytes_in_flight, 2u * 3 * sizeof(float));
  ASSERT_TRUE(server_->invoke("server", {}, 3).ok());
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"not_invited 7"}));
  send(2, {PeerId::from_int(2), 9, 3}, floats({5, 5, 5}));
  EXPECT_EQ(loaded(poll(*server_)), (Loaded{{3, 3, 3}}));
  EXPECT_EQ(server_->metrics().bytes_in_flight, 0u);
}

TEST_F(GatherTranscript, EarlyKeysAreCappedAndExpire) {
  NodeConfig limits;
  limits.max_early_keys = 2;
  limits.default_timeout_ns = 10 * kSecond;
  start({.key = "round"}, limits);
  for (int64_t round = 0; round < 3; ++round) {
    send(1, {PeerId::from_int(1), 1, round}, floats({1, 1, 1}));
  }
  EXPECT_EQ(reasons(poll(*server_, kSecond)), (Reasons{"early_overflow 1"}));
  EXPECT_EQ(server_->next_deadline(), 11 * kSecond);
  EXPECT_EQ(reasons(poll(*server_, 11 * kSecond)), (Reasons{"early_expired 1", "early_expired 1"}));
  EXPECT_EQ(server_->metrics().bytes_in_flight, 0u);
  EXPECT_EQ(server_->next_deadline(), INT64_MAX);
}

TEST_F(GatherTranscript, KeysOfExecutionsThatNeverBeganAreRefused) {
  start({});
  send(1, {PeerId::server(), 5, 0}, floats({1, 1, 1}));
  EXPECT_EQ(reasons(poll(*server_)), (Reasons{"unknown_key 1"}));
}

TEST_F(GatherTranscript, TheTimeoutFiresWithWhoeverCame) {
  start({});
  const EnvelopeKey key = begin();
  EXPECT_EQ(server_->next_deadline(), 5 * kSecond);
  send(2, key, floats({6, 6, 6}));
  EXPECT_TRUE(poll(*server_, 5 * kSecond - 1).timeouts.empty());
  const Steps steps = poll(*server_, 5 * kSecond);
  ASSERT_EQ(steps.timeouts.size(), 1u);
  EXPECT_EQ(steps.timeouts[0].gather, "updates");
  EXPECT_EQ(steps.timeouts[0].key, key);
  EXPECT_EQ(steps.timeouts[0].missing, std::vector<PeerId>{PeerId::from_int(1)});
  EXPECT_EQ(loaded(steps), (Loaded{{6, 6, 6}}));
  const auto& decisions = object_of<Aggregation>(steps.events.at(1)).decisions;
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].peer, PeerId::from_int(1));
  EXPECT_EQ(decisions[0].reason, "missing");
  EXPECT_EQ(server_->next_deadline(), INT64_MAX);
  EXPECT_EQ(server_->metrics().gathers_timed_out, 1u);
}

TEST_F(GatherTranscript, ADeliveryAtTheDeadlineComesBeforeTheTimeout) {
  start({.need = 1});
  const EnvelopeKey key = begin();
  send(2, key, floats({6, 6, 6}));
  const Steps steps = poll(*server_, 5 * kSecond);
  EXPECT_TRUE(steps.timeouts.empty());
  EXPECT_EQ(loaded(steps), (Loaded{{6, 6, 6}}));
}

TEST_F(GatherTranscript, ARoundWithoutRowsIsSkippedAndGivesZeros) {
  start({});
  begin();
  const Steps steps = poll(*server_, 5 * kSecond);
  EXPECT_EQ(loaded(steps), (Loaded{{0, 0, 0}}));
  EXPECT_EQ(topics(steps), (std::vector<std::string>{"gathered", "aggregation", "round_skipped"}));
}

TEST_F(GatherTranscript, TwoRoundsDoNotMix) {
  start({});
  const EnvelopeKey a = begin(0), b = begin(1);
  send(1, b, floats({10, 10, 10}));
  send(1, a, floats({1, 1, 1}));
  send(2, b, floats({20, 20, 20}));
  EXPECT_EQ(loaded(poll(*server_)), (Loaded{{15, 15, 15}}));
  send(2, a, floats({3, 3, 3}));
  const Steps steps = poll(*server_);
  EXPECT_EQ(loaded(steps), (Loaded{{2, 2, 2}}));
  EXPECT_EQ(steps.outputs[0].exec, a.root_exec);
  EXPECT_EQ(steps.outputs[0].round, 0);
}

TEST_F(GatherTranscript, TheSameRoundCannotBeOpenTwice) {
  start({.key = "round"});
  begin(4);
  ASSERT_TRUE(server_->invoke("server", {}, 4).ok());
  const Steps steps = poll(*server_);
  ASSERT_EQ(steps.failures.size(), 1u);
  EXPECT_EQ(steps.failures[0].error.code, "gather_open");
  EXPECT_EQ(server_->live_frames(), 1u);
}

}  // namespace
}  // namespace bb::test
