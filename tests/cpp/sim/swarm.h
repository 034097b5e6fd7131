// A server and clients in one world, running the collect program of the node tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bb/sim/world.h"
#include "node/collect.h"

namespace bb::test {

constexpr int64_t kMs = 1'000'000;

inline PeerId client_id(uint64_t i) { return PeerId::from_int(i); }

/// The server (index 0) and clients 1 … n (index = id); clients send twice the server's vector.
struct Swarm {
  explicit Swarm(size_t clients, sim::WorldOptions options = {}, const Collect& collect = {},
                 std::shared_ptr<const Program> program = nullptr)
      : world(options) {
    if (program == nullptr) program = load(collect.bytes());
    add(program, "server", PeerId::server(),
        {{"clients", Config::Dict{{"count", Config(static_cast<int64_t>(clients))}}}});
    for (uint64_t i = 1; i <= clients; ++i) add(program, "client", client_id(i), {});
    set_model({1, 2, 3});
  }
  void add(const std::shared_ptr<const Program>& program, const std::string& target, PeerId peer,
           std::map<std::string, Config> config) {
    InstallOptions install;
    install.targets = {target};
    install.peer = std::move(peer);
    install.config = std::move(config);
    auto node = Node::install(program, std::move(install));
    if (!node.ok()) {
      ADD_FAILURE() << node.error().text();
      return;
    }
    EXPECT_TRUE(world.add(std::shared_ptr<Node>(std::move(*node))).ok());
  }
  void set_model(const std::vector<float>& w) {
    EXPECT_TRUE(world.node(0).set_cell("model", "params", floats(w)).ok());
  }
  std::vector<float> model() { return list(*world.node(0).cell("model", "params")); }
  void link(const PeerId& from, const PeerId& to, sim::LinkSpec spec) {
    EXPECT_TRUE(world.set_link(from, to, spec).ok());
  }
  /// Gives every client its own latency to the server.
  void latencies(const std::vector<int64_t>& ms) {
    for (size_t i = 0; i < ms.size(); ++i)
      link(client_id(i + 1), PeerId::server(), {.latency_ns = ms[i] * kMs});
  }
  /// One round, run until nothing is left to do; what the gather handed on, by peer.
  Status round(int64_t number = 0) {
    rows.clear();
    fired_ns = -1;
    world.on_gathered = [&](uint32_t, const Arrived& arrived) {
      fired_ns = world.now_ns();
      for (size_t i = 0; i < arrived.peers.size(); ++i)
        rows[arrived.peers[i]] = list(arrived.values[i]);
    };
    auto invoked = world.invoke(PeerId::server(), "server", {}, number);
    if (!invoked.ok()) return std::move(invoked).error();
    return world.run(INT64_MAX);
  }
  /// How often something of this kind is in the trace.
  size_t count(std::string_view kind) const {
    size_t n = 0;
    for (const sim::TraceEvent& event : world.trace().events()) n += event.kind == kind;
    return n;
  }
  std::string trace() const {
    std::string out;
    for (const sim::TraceEvent& e : world.trace().events())
      out += std::to_string(e.time_ns) + " " + std::string(e.kind) + " " +
             std::to_string(e.source) + ">" + std::to_string(e.destination) + " " + e.port + " " +
             std::to_string(e.bytes) + " " + e.reason + "\n";
    return out;
  }

  sim::World world;
  std::map<PeerId, std::vector<float>> rows;
  int64_t fired_ns = -1;
};

/// An attack of a test: notes every call and answers with `answer`.
struct NotingAttack : Attack {
  struct Call {
    std::vector<PeerId> honest, own;
    std::vector<std::vector<float>> honest_rows;
    size_t f = 0, n = 0;
    int64_t round = 0;
  };
  NotingAttack(Knowledge knowledge, std::function<Result<std::vector<AttackAction>>(size_t)> answer)
      : knowledge_(knowledge), answer_(std::move(answer)) {}
  AttackLevel level() const override { return AttackLevel::kUpdate; }
  Knowledge knowledge() const override { return knowledge_; }
  Result<std::vector<AttackAction>> act(const AttackCall& call) const override {
    Call note{{}, {}, {}, call.f, call.n, call.round};
    for (const Row& row : call.own) note.own.push_back(row.peer);
    for (const Row& row : call.honest) {
      note.honest.push_back(row.peer);
      const float* x = static_cast<const float*>(row.data);
      note.honest_rows.emplace_back(x, x + call.d);
    }
    calls.push_back(std::move(note));
    return answer_(call.own.size());
  }

  mutable std::vector<Call> calls;

 private:
  Knowledge knowledge_;
  std::function<Result<std::vector<AttackAction>>(size_t)> answer_;
};

inline AttackAction replaced_by(const std::vector<float>& row) {
  return {AttackAction::Kind::kReplace, floats(row), 0};
}
/// The same action for every held send.
inline std::shared_ptr<NotingAttack> always(Knowledge knowledge, AttackAction action) {
  return std::make_shared<NotingAttack>(knowledge,
                                        [action](size_t n) -> Result<std::vector<AttackAction>> {
                                          return std::vector<AttackAction>(n, action);
                                        });
}
inline std::vector<PeerId> ids(const std::vector<uint64_t>& numbers) {
  std::vector<PeerId> out;
  for (uint64_t i : numbers) out.push_back(client_id(i));
  return out;
}

}  // namespace bb::test
