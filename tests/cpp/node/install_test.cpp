// Installing nodes: what is shared, what may be given, and every refusal at once.
#include <gtest/gtest.h>

#include "engine/count_allocations.h"
#include "node/collect.h"

namespace bb::test {
namespace {

class Install : public ::testing::Test {
 protected:
  void SetUp() override {
    program_ = load(Collect{}.bytes());
    ASSERT_NE(program_, nullptr);
    options_.targets = {"server"};
    options_.peer = PeerId::server();
  }
  Error refusal() {
    auto node = Node::install(program_, options_);
    EXPECT_FALSE(node.ok());
    return node.ok() ? Error{} : node.error();
  }
  /// Peers that the entry of an installed server sends to.
  size_t receivers() {
    auto node = Node::install(program_, options_);
    EXPECT_TRUE(node.ok()) << (node.ok() ? "" : node.error().text());
    if (!node.ok()) return 0;
    EXPECT_TRUE((*node)->invoke("server", {}).ok());
    Steps steps;
    (*node)->poll(0, 0, steps);
    return steps.sends.size();
  }
  std::shared_ptr<const Program> program_;
  InstallOptions options_;
};

TEST_F(Install, ConfigIsMergedOverTheBinding) {
  EXPECT_EQ(receivers(), 2u);
  options_.config["clients"] = Config(Config::Dict{{"count", Config(5)}});
  EXPECT_EQ(receivers(), 5u);
}

TEST_F(Install, ComponentsOfTheHostTakeTheSlot) {
  options_.components["clients"] = std::make_shared<FixedSelector>(7);
  EXPECT_EQ(receivers(), 7u);
}

TEST_F(Install, EveryProblemIsListedWithTheNearestName) {
  options_.targets = {"sever"};
  options_.config["client"] = Config(Config::Dict{});
  options_.resources["model"] = nullptr;
  const Error error = refusal();
  EXPECT_EQ(error.code, "unknown_target");
  for (const char* part : {"3 problems", "did you mean \"server\"?", "did you mean \"clients\"?",
                           "a graph part takes nothing at install"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << " in " << error.message;
  }
}

TEST_F(Install, ParametersAreCheckedByThePart) {
  options_.config["clients"] = Config(Config::Dict{{"cuont", Config(5)}});
  const Error error = refusal();
  EXPECT_EQ(error.code, "unknown_parameter");
  EXPECT_EQ(error.where.find("slot clients"), 0u) << error.where;
  EXPECT_NE(error.text().find("count"), std::string::npos);
}

TEST_F(Install, AComponentOfAnotherRoleIsRefused) {
  options_.components["clients"] = std::make_shared<MeanRule>();
  EXPECT_EQ(refusal().code, "wrong_role");
}

TEST_F(Install, SlotsBoundToThisHostNeedAComponent) {
  Collect collect;
  collect.by = "python";
  program_ = load(collect.bytes());
  ASSERT_NE(program_, nullptr);
  EXPECT_EQ(refusal().code, "missing_component");
  options_.components["rule"] = std::make_shared<MeanRule>();
  EXPECT_EQ(receivers(), 2u);
}

TEST_F(Install, UnexpectedResourcesAreRefused) {
  struct Thing : Resource {
    std::string digest() const override { return ""; }
  };
  options_.resources["clients"] = std::make_shared<Thing>();
  EXPECT_EQ(refusal().code, "unexpected_resource");
}

TEST_F(Install, SeveralTargetsNeedNames) {
  options_.targets.clear();
  EXPECT_EQ(refusal().code, "unknown_target");
  options_.targets = {"server", "server"};
  EXPECT_EQ(refusal().code, "repeated_target");
}

TEST_F(Install, TwoTargetsOnOneNodeTalkToEachOther) {
  options_.targets = {"server", "client"};
  options_.peer = PeerId::from_int(1);
  options_.config["clients"] = Config(Config::Dict{{"count", Config(1)}});
  auto node = Node::install(program_, options_);
  ASSERT_TRUE(node.ok());
  ASSERT_TRUE((*node)->invoke("server", {}).ok());
  Steps steps;
  (*node)->poll(0, 0, steps);
  EXPECT_TRUE(steps.sends.empty());
  ASSERT_EQ(steps.outputs.size(), 1u);
  EXPECT_EQ(list(std::get<Tensor>(steps.outputs[0].value)), (std::vector<float>{2, 2, 2}));
  EXPECT_EQ((*node)->metrics().bytes_in_flight, 0u);
}

TEST_F(Install, CellsAreReadAndSetByName) {
  auto node = Node::install(program_, options_);
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(list(*(*node)->cell("model", "params")), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ((*node)->cell("model", "nothing"), nullptr);
  ASSERT_TRUE((*node)->set_cell("model", "params", floats({1, 2, 3})).ok());
  EXPECT_EQ(list(*(*node)->cell("model", "params")), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ((*node)->set_cell("model", "params", floats({1})).error().code, "type_mismatch");
  EXPECT_EQ((*node)->set_cell("model", "param", floats({1})).error().hint,
            "did you mean \"model.params\"?");
  EXPECT_NE((*node)->component("rule"), nullptr);
  EXPECT_EQ((*node)->component("model"), nullptr);
}

TEST_F(Install, UnknownTargetsCannotBeInvoked) {
  auto node = Node::install(program_, options_);
  ASSERT_TRUE(node.ok());
  const auto result = (*node)->invoke("sever", {});
  EXPECT_EQ(result.error().code, "unknown_target");
  EXPECT_EQ(result.error().hint, "did you mean \"server\"?");
}

TEST_F(Install, ABareNodeIsSmall) {
  options_.targets = {"client"};
  std::vector<std::unique_ptr<Node>> nodes;
  nodes.reserve(200);
  const auto install = [&](uint64_t peer) {
    options_.peer = PeerId::from_int(peer);
    nodes.push_back(std::move(Node::install(program_, options_)).value());
  };
  install(0);
  // Everything an installation allocates, temporaries included: an upper bound of what a node
  // keeps.
  const size_t before = live_bytes;
  for (uint64_t peer = 1; peer <= 100; ++peer) install(peer);
  EXPECT_LE((live_bytes - before) / 100, 2048u);
}

}  // namespace
}  // namespace bb::test
