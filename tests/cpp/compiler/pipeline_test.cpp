// The whole pipeline on programs of the field: a federated round and gossip.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

/// Compares with golden/<name>.txt beside this file; BB_UPDATE_GOLDEN=1 writes it instead.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string here = __FILE__;
  const std::string path = here.substr(0, here.rfind('/')) + "/golden/" + name + ".txt";
  if (std::getenv("BB_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

/// Tables and targets with types; the regions of models are the business of other tests.
std::string outline(const ir::Model& model) {
  std::string out;
  for (const auto& [key, value] : model.meta)
    if (key != "bb.digest" && key != "bb.integrity") out += key + " = " + value + "\n";
  for (const ir::Function& function : model.functions)
    if (function.domain == ir::domain::kTarget) out += "\n" + ir::text(function);
  return out;
}

TEST(Pipeline, CompilesTheFederatedRound) {
  expect_golden("sgd", outline(artifact_of(sgd_program())));
}

TEST(Pipeline, TheClientsStepIsOneRegion) {
  const ir::Model model = artifact_of(sgd_program());
  size_t calls = 0;
  for (const ir::Node& node : model.find(ir::domain::kTarget, "client")->nodes)
    calls += node.domain == ir::domain::kRegion;
  EXPECT_EQ(calls, 1u);
}

TEST(Pipeline, CompilesGossip) {
  Body body = module("Gossip");
  body.on("peer").neighbours("near").batch("x", "y");
  body.model("TrainStep", {"x", "y"}, {"stepped", "loss"}, {}, {{"optimizer", "opt"}});
  body.model("Params", {}, {"w"}, {"stepped"}).net_out("x", "w", "near", "peer", "theirs");
  body.gather("theirs", "near", "met", {{"key", "round"}}).aggregate("met", "mean");
  body.model("LoadParameters", {"mean"}, {"loaded"}).give("loaded", "loaded").give("loss", "loss");
  Program program(body);
  bind_all(program);
  program.slot("opt", "Optimizer", "sgd", "graph");
  add_linear(program, "model");
  add_momentum(program, "opt");
  expect_golden("gossip", outline(artifact_of(program)));
}

TEST(Pipeline, CompilesLocalSteps) {
  Body body = module("Local");
  body.on("server").sample("who", 2).model("Params", {}, {"w"});
  body.net_out("weights", "w", "who", "client", "r")
      .on("client")
      .model("LoadParameters", {"r"}, {"t0"});
  for (int i = 0; i < 3; ++i) {
    const std::string k = std::to_string(i);
    const std::string next = "t" + std::to_string(i + 1);
    body.batch("x" + k, "y" + k, {"t" + k});
    body.model("TrainStep", {"x" + k, "y" + k}, {next, "l" + k}, {}, {{"optimizer", "opt"}});
  }
  body.model("Delta", {}, {"d"}, {"t3"}).net_out("update", "d", "r.sender", "server", "u");
  body.on("server")
      .gather("u", "who", "q")
      .aggregate("q", "v")
      .model("ApplyDelta", {"v"}, {"done"});
  body.give("done", "done");
  Program program(body);
  bind_all(program);
  program.slot("opt", "Optimizer", "sgd", "graph");
  add_linear(program, "model");
  add_momentum(program, "opt");
  expect_golden("local_steps", outline(artifact_of(program)));
}

}  // namespace
}  // namespace bb::compiler
