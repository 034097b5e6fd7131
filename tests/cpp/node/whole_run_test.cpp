// A server and clients in one loop: however polls cut the work up, and run after run, the same
// steps.
#include <gtest/gtest.h>

#include "bb/base/sha256.h"
#include "node/collect.h"

namespace bb::test {
namespace {

std::string text(const Steps& steps) {
  std::string out;
  for (const Send& send : steps.sends) {
    out += "send " + send.to.text() + " " + hex(sha256(*encode(send.envelope))) + "\n";
  }
  for (const Output& output : steps.outputs) {
    out += "output " + output.name + " " + std::to_string(output.exec) + " " +
           hex(sha256({reinterpret_cast<const char*>(std::get<Tensor>(output.value).raw()),
                       std::get<Tensor>(output.value).bytes()})) +
           "\n";
  }
  for (const Event& event : steps.events) out += "event " + event.topic + "\n";
  for (const Drop& drop : steps.drops) out += "drop " + drop.reason + drop.peer.text() + "\n";
  for (const Timeout& timeout : steps.timeouts) out += "timeout " + timeout.gather + "\n";
  for (const Failure& failure : steps.failures) out += "failure " + failure.error.code + "\n";
  return out;
}

/// Polls until the work is done, at most `max_ops` at a time.
Steps drain(Node& node, int64_t now_ns, size_t max_ops) {
  Steps steps;
  do {
    node.poll(now_ns, max_ops, steps);
  } while (steps.more);
  return steps;
}

/// The transcript of ten rounds in which client 2 is silent in every third.
std::string transcript(size_t max_ops) {
  Collect collect;
  const auto program = load(collect.bytes());
  std::map<PeerId, std::unique_ptr<Node>> clients;
  for (uint64_t id : {1, 2}) {
    clients[PeerId::from_int(id)] = node_of(program, "client", PeerId::from_int(id));
  }
  const auto server = node_of(program, "server", PeerId::server());
  std::string out;
  for (int64_t round = 0; round < 10; ++round) {
    const int64_t now_ns = round * 10'000'000'000;
    EXPECT_TRUE(server->invoke("server", {}, round).ok());
    const Steps sent = drain(*server, now_ns, max_ops);
    out += text(sent);
    for (const Send& send : sent.sends) {
      if (round % 3 == 2 && send.to == PeerId::from_int(2)) continue;
      clients[send.to]->deliver(PeerId::server(), send.envelope, send.bytes);
      const Steps answer = drain(*clients[send.to], now_ns, max_ops);
      out += text(answer);
      for (const Send& back : answer.sends) {
        server->deliver(send.to, *encode(back.envelope));
        server->deliver(send.to, "noise");
      }
    }
    out += text(drain(*server, now_ns + 1, max_ops));
    out += text(drain(*server, now_ns + 6'000'000'000, max_ops));
  }
  EXPECT_EQ(server->live_frames(), 0u);
  EXPECT_EQ(server->metrics().bytes_in_flight, 0u);
  return out;
}

TEST(WholeRun, EveryBudgetGivesTheSameSteps) {
  const std::string whole = transcript(0);
  EXPECT_NE(whole.find("output loaded"), std::string::npos);
  EXPECT_NE(whole.find("timeout updates"), std::string::npos);
  EXPECT_EQ(whole, transcript(0));
  EXPECT_EQ(whole, transcript(1));
  EXPECT_EQ(whole, transcript(3));
}

TEST(WholeRun, LongRunsKeepTheirSize) {
  const auto program = load(Collect{}.bytes());
  const auto server = node_of(program, "server", PeerId::server());
  ASSERT_NE(server, nullptr);
  for (int64_t round = 0; round < 2000; ++round) {
    const auto exec = server->invoke("server", {}, round);
    ASSERT_TRUE(exec.ok());
    drain(*server, round, 0);
    for (uint64_t id : {1, 2}) {
      const Envelope envelope = update_of({PeerId::server(), *exec, round}, floats({1, 2, 3}));
      server->deliver(PeerId::from_int(id), envelope, encoded_size(envelope));
    }
    EXPECT_EQ(drain(*server, round, 0).outputs.size(), 1u);
    ASSERT_EQ(server->live_frames(), 0u);
    ASSERT_EQ(server->next_deadline(), INT64_MAX);
  }
  EXPECT_EQ(server->metrics().bytes_in_flight, 0u);
  EXPECT_EQ(server->metrics().gathers_opened, server->metrics().gathers_fired);
}

TEST(WholeRun, RowsOfAnotherShapeThanTheFirstAreRefused) {
  const Collect collect{.row = "float32[N]"};
  const auto program = load(collect.bytes());
  const auto server = node_of(program, "server", PeerId::server());
  ASSERT_NE(server, nullptr);
  const auto exec = server->invoke("server", {}, 0);
  drain(*server, 0, 0);
  const EnvelopeKey key{PeerId::server(), *exec, 0};
  server->deliver(PeerId::from_int(1), *encode(update_of(key, floats({1, 2, 3}))));
  server->deliver(PeerId::from_int(2), *encode(update_of(key, floats({1, 2}))));
  const Steps refused = drain(*server, 0, 0);
  ASSERT_EQ(refused.drops.size(), 1u);
  EXPECT_EQ(refused.drops[0].reason, "type_mismatch");
  const Steps steps = drain(*server, 5'000'000'000, 0);
  ASSERT_EQ(steps.outputs.size(), 1u);
  EXPECT_EQ(list(std::get<Tensor>(steps.outputs[0].value)), (std::vector<float>{1, 2, 3}));
}

}  // namespace
}  // namespace bb::test
