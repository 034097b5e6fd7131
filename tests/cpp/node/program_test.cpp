// Loading: good artifacts, and every way an artifact is refused.
#include <gtest/gtest.h>

#include "node/collect.h"

namespace bb::test {
namespace {

Error refusal(const std::string& bytes, const Registry& registry = fake_registry()) {
  auto program = Program::load(bytes, registry);
  EXPECT_FALSE(program.ok());
  return program.ok() ? Error{} : program.error();
}

TEST(Program, KnowsItsTargetsPlansAndBindings) {
  const auto program = load(Collect{}.bytes());
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(program->targets(), (std::vector<std::string>{"client", "server"}));
  ASSERT_NE(program->plan("server"), nullptr);
  EXPECT_EQ(program->plan("server")->frames.size(), 2u);
  EXPECT_FALSE(program->plan("client")->has_entry);
  EXPECT_EQ(program->plan("nobody"), nullptr);
  EXPECT_EQ(program->digest().size(), 64u);
  EXPECT_EQ(program->bindings().get("rule").get("part").as_string(), "average");
}

TEST(Program, FilesThatAreNoArtifactAreRefused) {
  EXPECT_EQ(refusal("").code, "not_an_artifact");
  EXPECT_EQ(refusal("PK\x03\x04 a zip file").code, "not_an_artifact");
  ir::Model recorded;
  recorded.meta["bb.stage"] = "recorded";
  EXPECT_EQ(refusal(ir::to_onnx(recorded)).code, "not_an_artifact");
}

TEST(Program, EveryTruncationIsRefused) {
  const std::string bytes = Collect{}.bytes();
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_EQ(refusal(bytes.substr(0, size)).fault, Fault::kInstall) << size;
  }
}

TEST(Program, EveryChangedByteIsRefused) {
  const std::string bytes = Collect{}.bytes();
  for (size_t i = 0; i < bytes.size(); i += 11) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(refusal(changed).fault, Fault::kInstall) << i;
  }
}

TEST(Program, EverythingUnresolvedIsListed) {
  Collect collect;
  collect.average = "averag";
  ir::Function client = collect.client();
  client.nodes[1].op = "client.r9";
  ir::Function region = Collect::doubled();
  region.name = "client.r9";
  region.nodes[0].op = "Sub";
  const Error error = refusal(artifact({client, collect.server(), region}, collect.tables()));
  EXPECT_EQ(error.code, "unresolved");
  for (const char* part : {"2 problems", "averag", "did you mean \"average\"?", "Sub"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << " in " << error.message;
  }
}

TEST(Program, ARegistryWithoutTheCatalogueIsNamed) {
  Registry registry = fake_registry();
  registry.selectors = nullptr;
  EXPECT_EQ(refusal(Collect{}.bytes(), registry).code, "unresolved");
  registry = fake_registry();
  registry.backend = nullptr;
  EXPECT_EQ(refusal(Collect{}.bytes(), registry).code, "no_backend");
}

TEST(Program, AnOperationMayNotUseAValueOfAnotherFrame) {
  Collect collect;
  ir::Function server = collect.server();
  server.nodes.back().inputs[0] = "mean";  // `added` of the delivery joins the entry's mean
  EXPECT_EQ(
      refusal(artifact({collect.client(), server, Collect::doubled()}, collect.tables())).code,
      "mixed_frames");
}

TEST(Program, MalformedTablesAreRefused) {
  Collect collect;
  const auto with = [&](const std::string& key, const std::string& text) {
    ir::Meta tables = collect.tables();
    tables[key] = text;
    return refusal(artifact({collect.client(), collect.server(), Collect::doubled()}, tables)).code;
  };
  EXPECT_EQ(with("bb.targets", "[]"), "bad_table");
  EXPECT_EQ(with("bb.targets", "{}"), "bad_table");
  EXPECT_EQ(with("bb.targets", "{\"server\""), "bad_table");
  EXPECT_EQ(with("bb.bindings", R"({"rule":{"role":"Aggregator"}})"), "bad_table");
  EXPECT_EQ(with("bb.bindings", "{}"), "unresolved");
  EXPECT_EQ(with("bb.cells", "[]"), "unresolved");
  for (const char* type : {"float32[D]", "float99[3]", "peers", "float32[3"}) {
    EXPECT_EQ(with("bb.cells", R"([{"slot":"model","cell":"params","type":")" + std::string(type) +
                                   R"(","init":0}])"),
              "bad_table");
  }
  EXPECT_EQ(
      with("bb.cells", R"([{"slot":"model","cell":"params","type":"float32[3]","init":"layout"}])"),
      "bad_table");
  EXPECT_EQ(with("bb.layout.model", R"([{"name":"w","shape":[3],"offset":1}])"), "bad_table");
}

TEST(Program, ADecisionCannotBeSent) {
  Collect collect;
  ir::Function server = collect.server();
  server.nodes[2].inputs[1] = "why";
  std::swap(server.nodes[2], server.nodes[4]);  // Send moves behind Aggregate
  std::swap(server.nodes[2], server.nodes[3]);
  const Error error =
      refusal(artifact({collect.client(), server, Collect::doubled()}, collect.tables()));
  EXPECT_NE(error.text().find("never leaves its process"), std::string::npos) << error.text();
}

/// One random damage to an artifact's functions or tables.
void damage(ir::Model& model, Stream& stream) {
  ir::Function& function = model.functions[stream.next_below(model.functions.size())];
  ir::Node& node = function.nodes[stream.next_below(function.nodes.size())];
  const auto some = [&](const std::vector<std::string>& names) {
    return names.empty() ? std::string("w") : names[stream.next_below(names.size())];
  };
  switch (stream.next_below(7)) {
    case 0:
      if (!node.inputs.empty()) node.inputs.pop_back();
      break;
    case 1:
      if (!node.inputs.empty()) node.inputs[stream.next_below(node.inputs.size())] = "";
      break;
    case 2:
      node.meta["bb.frame"] = std::to_string(stream.next_below(3));
      break;
    case 3:
      if (!node.attrs.empty()) node.attrs.erase(node.attrs.begin());
      break;
    case 4:
      node.inputs.push_back(some(function.nodes.front().outputs));
      break;
    case 5:
      node.attrs["after"] = static_cast<int64_t>(stream.next_below(9)) - 3;
      break;
    default: {
      auto table = std::next(model.meta.begin(), static_cast<long>(stream.next_below(4)));
      table->second.resize(stream.next_below(table->second.size() + 1));
    }
  }
}

TEST(Program, DamageWithAValidStampIsRefusedOrHarmless) {
  Stream stream(2, "damage");
  size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    ir::Model model = *ir::from_onnx(Collect{}.bytes());
    damage(model, stream);
    model.meta["bb.stage"] = "compiled";
    ir::stamp_passport(model);
    auto program = Program::load(ir::to_onnx(model), fake_registry());
    if (!program.ok()) {
      EXPECT_EQ(program.error().fault, Fault::kInstall) << program.error().text();
      ++refused;
      continue;
    }
    InstallOptions options;
    options.targets = {"server"};
    auto node = Node::install(*program, std::move(options));
    if (!node.ok() || !(*node)->invoke("server", {}).ok()) continue;
    Steps steps;
    (*node)->poll(0, 0, steps);
    (*node)->poll(10'000'000'000, 0, steps);
  }
  EXPECT_GT(refused, 100u);
}

/// One target `main` with a model slot of four parameters by every initialisation.
std::string with_layout() {
  FunctionBuilder f(std::string(ir::domain::kTarget), "main");
  f.in_frame(0)
      .node(ir::domain::kState, "Read", {}, {{"w", "float32[4012]"}},
            {{"slot", "model"}, {"cell", "params"}, {"type", "float32[4012]"}, {"init", "layout"}})
      .node(ir::domain::kFlow, "Output", {"w"}, {{"out", "float32[4012]"}}, {{"name", "w"}})
      .output("out");
  ir::Function evaluate =
      FunctionBuilder(std::string(ir::domain::kEvaluate), "model")
          .input("params", "float32[1]")
          .input("x", "float32[1]")
          .input("y", "int64[1]")
          .node(ir::domain::kOnnx, "Add", {"params", "x"}, {{"logits", "float32[1]"}})
          .node(ir::domain::kOnnx, "Mul", {"params", "x"}, {{"loss_sum", "float32[1]"}})
          .node(ir::domain::kOnnx, "Identity", {"y"}, {{"correct", "int64[1]"}})
          .output("logits")
          .output("loss_sum")
          .output("correct")
          .build();
  return artifact(
      {f.build(), evaluate},
      {{"bb.targets", R"({"main":{"frames":[{"kind":"entry"}]}})"},
       {"bb.cells", R"([{"slot":"model","cell":"params","type":"float32[4012]","init":"layout"}])"},
       {"bb.layout.model",
        R"([{"name":"w","dtype":"float32","shape":[1000,2],"offset":0,"init":"he","fan_in":8,)"
        R"("fan_out":2},{"name":"v","dtype":"float32","shape":[2000],"offset":2000,)"
        R"("init":"glorot","fan_in":4,"fan_out":2},{"name":"b","dtype":"float32","shape":[2],)"
        R"("offset":4000,"init":"zero"},{"name":"c","dtype":"float32","shape":[10],)"
        R"("offset":4002,"init":{"fill":0.25}}])"}});
}

TEST(Parameters, FollowTheLayoutTable) {
  const auto program = load(with_layout());
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(program->parameter_count("model"), 4012);
  EXPECT_EQ(program->parameter_count("other"), -1);
  const Tensor params = *program->initial_params("model", 5);
  ASSERT_EQ(params.shape(), (Shape{4012}));
  // The fake backend draws std * u and low + (high - low) * u with u from the stream of the layout.
  Stream he(5, "init.model", 0), glorot(5, "init.model", 1);
  for (int64_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(params.data<float>()[i], static_cast<float>(0.5 * he.next_double()));
    ASSERT_EQ(params.data<float>()[2000 + i],
              static_cast<float>(-1.0 + 2.0 * glorot.next_double()));
  }
  EXPECT_EQ(params.data<float>()[4000], 0.0f);
  EXPECT_EQ(params.data<float>()[4002], 0.25f);
  EXPECT_EQ(params.data<float>()[4011], 0.25f);
}

TEST(Parameters, AreSharedBySeedAndDifferBetweenSeeds) {
  const auto program = load(with_layout());
  ASSERT_NE(program, nullptr);
  const Tensor a = *program->initial_params("model", 1), b = *program->initial_params("model", 1);
  EXPECT_EQ(a.raw(), b.raw());
  EXPECT_FALSE(a.same_bytes(*program->initial_params("model", 2)));
  for (uint64_t seed = 10; seed < 200; ++seed) (void)program->initial_params("model", seed);
  EXPECT_TRUE(a.same_bytes(*program->initial_params("model", 1)));
  EXPECT_EQ(program->initial_params("modle", 1).error().hint, "did you mean \"model\"?");
}

TEST(Parameters, NodesOfOneSeedShareTheBufferUntilTheyWrite) {
  const auto program = load(with_layout());
  ASSERT_NE(program, nullptr);
  const auto a = node_of(program, "main", PeerId::from_int(1));
  const auto b = node_of(program, "main", PeerId::from_int(2));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->cell("model", "params")->raw(), b->cell("model", "params")->raw());
  ASSERT_TRUE(a->set_cell("model", "params", Tensor::zeros(DType::kF32, {4012})).ok());
  EXPECT_EQ(b->cell("model", "params")->data<float>()[4002], 0.25f);
}

TEST(Evaluate, RunsTheSlotsFunction) {
  const auto program = load(with_layout());
  ASSERT_NE(program, nullptr);
  const Tensor y = Tensor::of<int64_t>({1}, std::vector<int64_t>{7});
  const auto result = program->evaluate("model", floats({3}), floats({4}), y);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(list(result->logits), std::vector<float>{7});
  EXPECT_EQ(result->loss_sum, 12.0);
  EXPECT_EQ(result->correct, 7);
  EXPECT_EQ(program->evaluate("data", floats({3}), floats({4}), y).error().code, "unknown_slot");
}

}  // namespace
}  // namespace bb::test
