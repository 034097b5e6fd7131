// When an adversary acts: gathers joined by round, nodes still at work, and messages under way when
// nodes are corrupted.
#include "sim/swarm.h"

namespace bb::test {
namespace {

using Row = std::vector<float>;

TEST(Holds, WaitForAGatherJoinedByRound) {
  Swarm swarm(3, {}, Collect{.key = "round"});
  swarm.link(PeerId::server(), client_id(3), {.latency_ns = 40 * kMs});  // gets its weights last
  const auto attack = always(Knowledge::kHonest, replaced_by({9, 9, 9}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.round(5).ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].honest, ids({2, 3}));
  EXPECT_EQ(swarm.fired_ns, 40 * kMs);
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{9, 9, 9}));
}

/// Clients that, before they answer, ask the server something and wait for what it says.
struct AskFirst : Collect {
  ir::Function asking_server() const {
    ir::Function function = server();
    FunctionBuilder more(std::string(ir::domain::kTarget), "server");
    more.in_frame(2)
        .node(ir::domain::kWire, "Recv", {}, {{"question", "float32[3]"}, {"who_asks", "peer"}},
              {{"group", int64_t{2}},
               {"ports", std::vector<std::string>{"ask"}},
               {"edges", std::vector<int64_t>{2}}})
        .node(ir::domain::kWire, "Send", {"who_asks", "question"}, {{"answered", "trigger"}},
              {{"to_kind", "client"},
               {"group", int64_t{3}},
               {"ports", std::vector<std::string>{"answer"}},
               {"edges", std::vector<int64_t>{3}},
               {"codecs", std::vector<std::string>{""}}});
    const ir::Function extra = more.build();
    for (ir::Node node : extra.nodes) {
      node.name += ".ask";
      function.nodes.push_back(std::move(node));
    }
    for (const auto& [name, type] : extra.types) function.types[name] = type;
    return function;
  }
  ir::Function asking_client() const {
    FunctionBuilder f(std::string(ir::domain::kTarget), "client");
    f.in_frame(0)
        .node(ir::domain::kWire, "Recv", {}, {{"weights", "float32[3]"}, {"server", "peer"}},
              {{"group", int64_t{0}},
               {"ports", std::vector<std::string>{"weights"}},
               {"edges", std::vector<int64_t>{0}}})
        .node(ir::domain::kWire, "Send", {"server", "weights"}, {{"asked", "trigger"}},
              {{"to_kind", "server"},
               {"group", int64_t{2}},
               {"ports", std::vector<std::string>{"ask"}},
               {"edges", std::vector<int64_t>{2}},
               {"codecs", std::vector<std::string>{""}}})
        .node(ir::domain::kFlow, "Gather", {"server"},
              {{"answers", "arrived"}, {"came", "peers"}, {"absent", "peers"}, {"late", "bool[]"}},
              {{"gather", int64_t{1}},
               {"name", "answers"},
               {"need", int64_t{-1}},
               {"timeout_ns", int64_t{5'000'000'000}},
               {"key", std::string("root")}})
        .node(ir::domain::kWire, "Send", {"server", "weights", "came"}, {{"sent", "trigger"}},
              {{"to_kind", "server"},
               {"group", int64_t{1}},
               {"ports", std::vector<std::string>{"update"}},
               {"edges", std::vector<int64_t>{1}},
               {"codecs", std::vector<std::string>{""}},
               {"after", int64_t{1}}});
    f.in_frame(1)
        .node(ir::domain::kWire, "Recv", {}, {{"answer", "float32[3]"}, {"from", "peer"}},
              {{"group", int64_t{3}},
               {"ports", std::vector<std::string>{"answer"}},
               {"edges", std::vector<int64_t>{3}}})
        .node(ir::domain::kFlow, "Contribute", {"answer", "from"}, {{"added", "trigger"}},
              {{"gather", int64_t{1}}, {"name", "answers"}});
    return f.build();
  }
  std::string asking_bytes() const {
    ir::Meta made = tables();
    made["bb.targets"] =
        R"({"server":{"inputs":[],"outputs":[["loaded","float32[3]"]],"frames":)"
        R"([{"kind":"entry"},{"kind":"recv","group":1,"edges":[1]},)"
        R"({"kind":"recv","group":2,"edges":[2]}]},)"
        R"("client":{"inputs":[],"outputs":[],"frames":)"
        R"([{"kind":"recv","group":0,"edges":[0]},{"kind":"recv","group":3,"edges":[3]}]}})";
    return artifact({asking_client(), asking_server()}, made);
  }
};

TEST(Holds, WaitForANodeThatIsStillAtWorkThoughNothingIsUnderWayToIt) {
  Swarm swarm(2, {}, {}, load(AskFirst().asking_bytes()));
  swarm.link(client_id(2), PeerId::server(), {.latency_ns = 30 * kMs});  // its question takes long
  const auto attack = always(Knowledge::kHonest, replaced_by({7, 7, 7}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {"update"}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].honest, ids({2}));
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{7, 7, 7})) << swarm.trace();
}

TEST(Holds, KnowWhatWasUnderWayWhenTheNodesWereCorrupted) {
  Swarm swarm(3, {.link = {.latency_ns = kMs}});
  swarm.link(PeerId::server(), client_id(2), {.latency_ns = 50 * kMs});
  swarm.link(client_id(3), PeerId::server(), {.latency_ns = 90 * kMs});
  ASSERT_TRUE(swarm.world.invoke(PeerId::server(), "server", {}, 0).ok());
  const auto attack = always(Knowledge::kHonest, replaced_by({4, 4, 4}));
  swarm.link(PeerId::server(), client_id(1), {.latency_ns = 0});
  ASSERT_TRUE(swarm.world.run(kMs / 2).ok());
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.world.run(INT64_MAX).ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].honest, ids({2, 3}));
  for (int64_t round = 1; round < 3; ++round) {  // and later rounds count from zero again
    ASSERT_TRUE(swarm.round(round).ok());
    EXPECT_EQ(attack->calls.back().honest, ids({2, 3}));
  }
  EXPECT_EQ(attack->calls.size(), 3u);
}

TEST(Holds, KnowRowsThatWereUnderWayWhenTheNodesWereCorrupted) {
  Swarm swarm(3);
  swarm.link(PeerId::server(), client_id(1), {.latency_ns = 20 * kMs});
  swarm.link(client_id(2), PeerId::server(), {.latency_ns = 60 * kMs});
  ASSERT_TRUE(swarm.world.invoke(PeerId::server(), "server", {}, 0).ok());
  ASSERT_TRUE(swarm.world.run(10 * kMs).ok());  // client 2 has sent, client 1 has no weights yet
  const auto attack = always(Knowledge::kHonest, replaced_by({4, 4, 4}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1}), attack, {}).ok());
  ASSERT_TRUE(swarm.world.run(INT64_MAX).ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].honest, ids({2}));  // client 3's row had arrived before
}

TEST(Holds, ColludersThatWaitWithoutSeeingHonestRowsActTogether) {
  struct Together : NotingAttack {
    using NotingAttack::NotingAttack;
    bool waits() const override { return true; }
  };
  Swarm swarm(4);
  swarm.latencies({1, 2, 3, 4});
  const auto attack = std::make_shared<Together>(
      Knowledge::kOwn, [](size_t n) -> Result<std::vector<AttackAction>> {
        return std::vector<AttackAction>(n, replaced_by({1, 0, 1}));
      });
  ASSERT_TRUE(swarm.world.corrupt(ids({2, 3}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  ASSERT_EQ(attack->calls.size(), 1u);
  EXPECT_EQ(attack->calls[0].own, ids({2, 3}));
  EXPECT_TRUE(attack->calls[0].honest.empty());
  EXPECT_EQ(attack->calls[0].f, 2u);
  EXPECT_EQ(attack->calls[0].n, 4u);
}

TEST(Holds, WithoutAnyHonestRowPassWhatTheyHold) {
  Swarm swarm(2);
  const auto attack = always(Knowledge::kHonest, replaced_by({1, 0, 1}));
  ASSERT_TRUE(swarm.world.corrupt(ids({1, 2}), attack, {}).ok());
  ASSERT_TRUE(swarm.round().ok());
  EXPECT_TRUE(attack->calls.empty());
  EXPECT_EQ(swarm.rows[client_id(1)], (Row{2, 4, 6}));
}

TEST(Holds, OneColluderWithSeveralReceiversCountsOnce) {
  const auto attack = always(Knowledge::kHonest, replaced_by({1, 2, 3}));
  sim::Adversary adversary(attack, {1, 2}, {}, 0, 0);
  const std::vector<PeerId> peers = {PeerId::server(), client_id(1), client_id(2), client_id(3)};
  std::vector<sim::HeldSend> held;
  for (uint32_t node : {2u, 1u})
    for (uint64_t receiver : {9u, 8u}) {
      sim::HeldSend one{node, {}};
      one.send.to = client_id(receiver);
      one.send.envelope.fills.push_back({"update", floats({1, 1, 1}), ""});
      held.push_back(std::move(one));
    }
  const auto released =
      adversary.act("update", std::move(held), {{client_id(3), floats({0, 1, 2})}}, peers, nullptr);
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(attack->calls[0].f, 2u);
  EXPECT_EQ(attack->calls[0].n, 3u);
  EXPECT_EQ(attack->calls[0].own, ids({1, 1, 2, 2}));
  ASSERT_EQ(released->size(), 4u);
  EXPECT_EQ((*released)[0].send.to, client_id(8));
  EXPECT_EQ((*released)[1].send.to, client_id(9));
}

}  // namespace
}  // namespace bb::test
