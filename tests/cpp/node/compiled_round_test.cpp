// The whole path in C++: a recorded program is compiled, loaded, installed and trained with real
// parts.
#include <gtest/gtest.h>

#include "bb/compiler/compile.h"
#include "bb/node/node.h"
#include "bb/parts/aggregators/catalog.h"
#include "bb/parts/backends/cpu.h"
#include "bb/parts/data/catalog.h"
#include "bb/parts/selectors/catalog.h"
#include "compiler/program.h"

namespace bb {
namespace {

constexpr uint64_t kClients = 8;
constexpr int64_t kFeatures = 64;
constexpr int64_t kClasses = 10;
constexpr int64_t kExamples = 200;

std::shared_ptr<const Program> compiled() {
  compiler::testing::Program recorded = compiler::testing::sgd_program();
  recorded.bind("data", "DataSource", "view")
      .bind("clients", "PeerSelector", "all")
      .bind("aggregator", "Aggregator", "mean");
  const auto artifact = compiler::compile(recorded.bytes(), {});
  if (!artifact.ok()) {
    ADD_FAILURE() << artifact.error().text();
    return nullptr;
  }
  const Registry registry{&cpu_backend(), &aggregators(), &data_sources(), &selectors()};
  auto program = Program::load(artifact->bytes, registry);
  if (!program.ok()) {
    ADD_FAILURE() << program.error().text();
    return nullptr;
  }
  EXPECT_EQ((*program)->digest(), artifact->digest);
  return *program;
}

/// Examples whose class is the feature that stands out.
std::shared_ptr<DataView> examples() {
  auto view = std::make_shared<DataView>();
  view->x = Tensor(DType::kF32, {kExamples, kFeatures});
  view->y = Tensor(DType::kI64, {kExamples});
  view->indices = Tensor(DType::kI64, {kExamples});
  view->classes = kClasses;
  Stream stream(1, "examples");
  for (int64_t i = 0; i < kExamples; ++i) {
    const int64_t label = i % kClasses;
    for (int64_t j = 0; j < kFeatures; ++j) {
      view->x.mutable_data<float>()[i * kFeatures + j] =
          static_cast<float>(0.3 * stream.next_double() + (j == label ? 1.0 : 0.0));
    }
    view->y.mutable_data<int64_t>()[i] = label;
    view->indices.mutable_data<int64_t>()[i] = i;
  }
  return view;
}

class CompiledRound : public ::testing::Test {
 protected:
  void SetUp() override {
    program_ = compiled();
    ASSERT_NE(program_, nullptr);
    data_ = examples();
    Config::List peers;
    for (uint64_t i = 0; i < kClients; ++i) peers.emplace_back(static_cast<int64_t>(i));
    server_ = node("server", PeerId::server(), {{"clients", Config::Dict{{"peers", peers}}}});
    for (uint64_t i = 0; i < kClients; ++i) {
      const PeerId id = PeerId::from_int(i);
      clients_[id] = node("client", id, {{"data", Config::Dict{{"batch", Config(16)}}}});
      ASSERT_NE(clients_[id], nullptr);
    }
    ASSERT_NE(server_, nullptr);
  }
  std::unique_ptr<Node> node(std::string target, PeerId peer,
                             std::map<std::string, Config> config) {
    InstallOptions options;
    options.targets = {target};
    options.peer = std::move(peer);
    options.seed = 3;
    options.config = std::move(config);
    if (target == "client") options.resources["data"] = data_;
    auto made = Node::install(program_, std::move(options));
    if (!made.ok()) ADD_FAILURE() << made.error().text();
    return made.ok() ? std::move(made).value() : nullptr;
  }
  static Steps poll(Node& node) {
    Steps steps;
    node.poll(0, 0, steps);
    for (const Failure& failure : steps.failures) ADD_FAILURE() << failure.error.text();
    EXPECT_TRUE(steps.drops.empty());
    return steps;
  }
  Steps round() {
    EXPECT_TRUE(server_->invoke("server", {}).ok());
    for (const Send& send : poll(*server_).sends) {
      Node& client = *clients_.at(send.to);
      client.deliver(PeerId::server(), *encode(send.envelope));
      for (const Send& back : poll(client).sends) {
        server_->deliver(send.to, back.envelope, back.bytes);
      }
    }
    return poll(*server_);
  }
  /// The only event "aggregation" of a round.
  static const Aggregation& aggregation_of(const Steps& steps) {
    const Aggregation* found = nullptr;
    for (const Event& event : steps.events) {
      if (event.topic != "aggregation") continue;
      EXPECT_EQ(found, nullptr);
      const auto& object = std::get<std::shared_ptr<const Object>>(event.payload);
      found = &dynamic_cast<const Aggregation&>(*object);
    }
    BB_CHECK(found != nullptr);
    return *found;
  }
  Program::Evaluation evaluate() {
    auto result =
        program_->evaluate("model", *server_->cell("model", "params"), data_->x, data_->y);
    if (!result.ok()) ADD_FAILURE() << result.error().text();
    return result.ok() ? std::move(result).value() : Program::Evaluation{};
  }

  std::shared_ptr<const Program> program_;
  std::shared_ptr<DataView> data_;
  std::unique_ptr<Node> server_;
  std::map<PeerId, std::unique_ptr<Node>> clients_;
};

TEST_F(CompiledRound, ARoundGivesOneOutputAndOneAggregation) {
  const Steps steps = round();
  ASSERT_EQ(steps.outputs.size(), 1u);
  EXPECT_EQ(steps.outputs[0].name, "loaded");
  EXPECT_EQ(aggregation_of(steps).decisions.size(), kClients);
  EXPECT_EQ(server_->live_frames(), 0u);
  EXPECT_EQ(server_->metrics().bytes_in_flight, 0u);
}

TEST_F(CompiledRound, TheModelLearns) {
  const int64_t before = evaluate().correct;
  for (int i = 0; i < 60; ++i) round();
  EXPECT_LT(before, kExamples / 2);
  EXPECT_GT(evaluate().correct, kExamples * 9 / 10);
}

TEST_F(CompiledRound, ParametersFollowTheAppliedDelta) {
  const Tensor before = *server_->cell("model", "params");
  const Steps steps = round();
  const Tensor& direction = aggregation_of(steps).vector;
  const Tensor& after = *server_->cell("model", "params");
  ASSERT_EQ(direction.size(), before.size());
  for (int64_t i = 0; i < before.size(); ++i) {
    const float moved = -0.3f * direction.data<float>()[i];
    ASSERT_EQ(after.data<float>()[i], before.data<float>()[i] + moved) << i;
  }
}

}  // namespace
}  // namespace bb
