// The program most tests run: a server sends its vector out, clients double it, the server
// averages.
#pragma once

#include <gtest/gtest.h>

#include "bb/node/node.h"
#include "node/artifact.h"
#include "node/fakes.h"

namespace bb::test {

/// Frames: server 0 = entry, 1 = updates; client 0 = weights. Gather `updates` waits 5 s.
struct Collect {
  std::string key = "root";
  int64_t need = -1;
  int64_t timeout_ns = 5'000'000'000;
  std::string row = "float32[3]";
  std::string average = "average";
  std::string by = "catalogue";

  ir::Function server() const {
    const std::string flat = row;
    FunctionBuilder f(std::string(ir::domain::kTarget), "server");
    f.in_frame(0)
        .node(ir::domain::kPeers, "View", {}, {{"who", "peers"}}, {{"slot", "clients"}})
        .node(ir::domain::kState, "Read", {}, {{"w", "float32[3]"}},
              {{"slot", "model"}, {"cell", "params"}, {"type", "float32[3]"}, {"init", "1"}})
        .node(ir::domain::kWire, "Send", {"who", "w"}, {{"sent", "trigger"}},
              {{"to_kind", "client"},
               {"group", int64_t{0}},
               {"ports", std::vector<std::string>{"weights"}},
               {"edges", std::vector<int64_t>{0}},
               {"codecs", std::vector<std::string>{""}}})
        .node(ir::domain::kFlow, "Gather", {"who"},
              {{"rows", "arrived"}, {"came", "peers"}, {"absent", "peers"}, {"late", "bool[]"}},
              {{"gather", int64_t{0}},
               {"name", "updates"},
               {"need", need},
               {"timeout_ns", timeout_ns},
               {"key", key}})
        .node(ir::domain::kAggregate, "Aggregate", {"rows"},
              {{"mean", "float32[3]"}, {"why", "decisions"}}, {{"slot", "rule"}})
        .node(ir::domain::kState, "Write", {"mean"}, {{"written", "trigger"}},
              {{"slot", "model"}, {"cell", "params"}, {"type", "float32[3]"}, {"init", "1"}})
        .node(ir::domain::kFlow, "Output", {"mean", "written"}, {{"loaded", "float32[3]"}},
              {{"name", "loaded"}, {"after", int64_t{1}}});
    f.in_frame(1)
        .node(ir::domain::kWire, "Recv", {}, {{"update", flat}, {"from", "peer"}},
              {{"group", int64_t{1}},
               {"ports", std::vector<std::string>{"update"}},
               {"edges", std::vector<int64_t>{1}}})
        .node(ir::domain::kFlow, "Contribute", {"update", "from"}, {{"added", "trigger"}},
              {{"gather", int64_t{0}}, {"name", "updates"}});
    return f.output("loaded").build();
  }

  ir::Function client() const {
    FunctionBuilder f(std::string(ir::domain::kTarget), "client");
    f.in_frame(0)
        .node(ir::domain::kWire, "Recv", {}, {{"weights", "float32[3]"}, {"server", "peer"}},
              {{"group", int64_t{0}},
               {"ports", std::vector<std::string>{"weights"}},
               {"edges", std::vector<int64_t>{0}}})
        .node(ir::domain::kRegion, "client.r0", {"weights"}, {{"update", "float32[3]"}})
        .node(ir::domain::kWire, "Send", {"server", "update"}, {{"sent", "trigger"}},
              {{"to_kind", "server"},
               {"group", int64_t{1}},
               {"ports", std::vector<std::string>{"update"}},
               {"edges", std::vector<int64_t>{1}},
               {"codecs", std::vector<std::string>{""}}});
    return f.build();
  }

  static ir::Function doubled() {
    return FunctionBuilder(std::string(ir::domain::kRegion), "client.r0")
        .input("x", "float32[3]")
        .node(ir::domain::kOnnx, "Add", {"x", "x"}, {{"y", "float32[3]"}})
        .output("y")
        .build();
  }

  ir::Meta tables() const {
    return {{"bb.targets", R"({"server":{"inputs":[],"outputs":[["loaded","float32[3]"]],"frames":)"
                           R"([{"kind":"entry"},{"kind":"recv","group":1,"edges":[1]}]},)"
                           R"("client":{"inputs":[],"outputs":[],"frames":)"
                           R"([{"kind":"recv","group":0,"edges":[0]}]}})"},
            {"bb.bindings",
             R"({"clients":{"role":"PeerSelector","part":"first","params":{"count":2},)"
             R"("by":"catalogue","targets":["server"]},)"
             R"("model":{"role":"Model","part":"mlp","params":{},"by":"graph",)"
             R"("targets":["server"]},"rule":{"role":"Aggregator","part":")" +
                 average + R"(","params":{},"by":")" + by + R"(","targets":["server"]}})"},
            {"bb.cells", R"([{"slot":"model","cell":"params","type":"float32[3]","init":1,)"
                         R"("targets":["server"]}])"}};
  }

  std::string bytes() const { return artifact({client(), server(), doubled()}, tables()); }
};

inline std::shared_ptr<const Program> load(const std::string& bytes) {
  auto program = Program::load(bytes, fake_registry());
  if (!program.ok()) {
    ADD_FAILURE() << program.error().text();
    return nullptr;
  }
  return *program;
}

inline std::unique_ptr<Node> node_of(const std::shared_ptr<const Program>& program,
                                     std::string target, PeerId peer, NodeConfig limits = {}) {
  InstallOptions options;
  options.targets = {std::move(target)};
  options.peer = std::move(peer);
  options.limits = limits;
  auto node = Node::install(program, std::move(options));
  if (!node.ok()) {
    ADD_FAILURE() << node.error().text();
    return nullptr;
  }
  return std::move(*node);
}

inline Tensor floats(const std::vector<float>& values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}
inline std::vector<float> list(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.size()};
}

/// An envelope from a client to the server's port `update`.
inline Envelope update_of(EnvelopeKey key, Value value) {
  Envelope envelope;
  envelope.target = "server";
  envelope.group = 1;
  envelope.key = std::move(key);
  envelope.fills.push_back({"update", std::move(value), ""});
  return envelope;
}

}  // namespace bb::test
