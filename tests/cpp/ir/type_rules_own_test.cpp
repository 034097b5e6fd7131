// Type rules of our own operators, recorded and compiled.
#include <gtest/gtest.h>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

constexpr const char* kMismatch = "error: type_mismatch";
const Attrs kSlot = {{"slot", "model"}};

Attrs with(Attrs base, const Attrs& more) {
  base.insert(more.begin(), more.end());
  return base;
}

TEST(ModelRules, UseTheFlatSymbolOfTheSlot) {
  const auto model = [](const char* op, std::vector<Argument> in, size_t outputs, Attrs more = {}) {
    return inferred(op, in, with(kSlot, more), outputs, domain::kModel);
  };
  EXPECT_EQ(model("Params", {}, 1), "float32[model.D]");
  EXPECT_EQ(model("Delta", {}, 1), "float32[model.D]");
  EXPECT_EQ(model("LoadParameters", {"float32[model.D]"}, 1), "trigger");
  EXPECT_EQ(model("LoadParameters", {"float32[4810]"}, 1), "trigger");
  EXPECT_EQ(model("LoadParameters", {"float32[teacher.D]"}, 1), kMismatch);
  EXPECT_EQ(model("LoadParameters", {"float64[model.D]"}, 1), kMismatch);
  EXPECT_EQ(model("ApplyDelta", {"float32[model.D]"}, 1, {{"scale", "0.5"}}), "trigger");
  EXPECT_EQ(model("Grad", {"float32[N,64]", "int64[N]"}, 2), "float32[] float32[model.D]");
  EXPECT_EQ(model("Grad", {"peers", "int64[N]"}, 2), kMismatch);
  EXPECT_EQ(model("TrainStep", {"float32[N,64]", "int64[N]"}, 2, {{"optimizer", "sgd"}}),
            "trigger float32[]");
  EXPECT_EQ(model("TrainStep", {"float32[N,64]", "int64[N]"}, 2), "error: missing_attribute");
  EXPECT_EQ(model("Forward", {"float32[N,64]"}, 1), "error: undecidable_type");
  EXPECT_EQ(inferred("Params", {}, {{"slot", ""}}, 1, domain::kModel), "error: bad_attribute");
}

TEST(PeerRules, GivePeers) {
  EXPECT_EQ(inferred("View", {}, kSlot, 1, domain::kPeers), "peers");
  EXPECT_EQ(inferred("Neighbours", {}, kSlot, 1, domain::kPeers), "peers");
  const auto sample = [](const Attrs& more) {
    return inferred("Sample", {}, with(kSlot, more), 1, domain::kPeers);
  };
  EXPECT_EQ(sample({{"n", int64_t{8}}}), "peers");
  EXPECT_EQ(sample({{"fraction", "0.1"}}), "peers");
  EXPECT_EQ(sample({}), "error: bad_attribute");
  EXPECT_EQ(sample({{"n", int64_t{8}}, {"fraction", "0.1"}}), "error: bad_attribute");
  EXPECT_EQ(sample({{"n", int64_t{0}}}), "error: bad_attribute");
}

TEST(StateRules, FollowTheTypeAttribute) {
  const Attrs cell = {{"slot", ""}, {"cell", "m"}, {"type", "float32[model.D]"}};
  EXPECT_EQ(inferred("Read", {}, cell, 1, domain::kState), "float32[model.D]");
  EXPECT_EQ(inferred("Write", {"float32[model.D]"}, cell, 1, domain::kState), "trigger");
  EXPECT_EQ(inferred("Write", {"float32[12]"}, cell, 1, domain::kState), "trigger");
  EXPECT_EQ(inferred("Write", {"float32[N]"}, cell, 1, domain::kState), kMismatch);
  EXPECT_EQ(inferred("Write", {"float32[]"}, cell, 1, domain::kState), kMismatch);
  EXPECT_EQ(inferred("Read", {}, {{"slot", ""}, {"cell", "m"}, {"type", "float33[2]"}}, 1,
                     domain::kState),
            "error: bad_attribute");
}

TEST(WireRules, SendValuesToPeers) {
  const Attrs port = {{"port", "update"}, {"at", "server"}};
  const auto net = [&](const char* value, const char* to) {
    return inferred("NetOut", {value, to}, port, 2, domain::kWire);
  };
  EXPECT_EQ(net("float32[model.D]", "peers"), "float32[model.D] peer");
  EXPECT_EQ(net("trigger", "peer"), "trigger peer");
  EXPECT_EQ(net("arrived", "peer"), kMismatch);
  EXPECT_EQ(net("float32[2]", "int64[2]"), kMismatch);
  const Attrs send = {{"to_kind", "server"},
                      {"group", int64_t{0}},
                      {"ports", Names{"a", "b"}},
                      {"edges", std::vector<int64_t>{0, 1}},
                      {"codecs", Names{"", ""}}};
  EXPECT_EQ(inferred("Send", {"peer", "float32[2]", "int64[]"}, send, 1, domain::kWire), "trigger");
  EXPECT_EQ(inferred("Send", {"peer", "float32[2]"}, send, 1, domain::kWire), kMismatch);
  EXPECT_EQ(inferred("Send", {"float32[2]", "float32[2]", "peer"}, send, 1, domain::kWire),
            kMismatch);
}

TEST(FlowRules, BothFormsOfGather) {
  const Attrs recorded = {
      {"name", "g"}, {"need", int64_t{-1}}, {"timeout_ns", int64_t{5}}, {"key", "root"}};
  const Attrs compiled = with(recorded, {{"gather", int64_t{0}}});
  const std::string all = "arrived peers peers bool[]";
  EXPECT_EQ(inferred("Gather", {"float32[N]", "peers"}, recorded, 4, domain::kFlow), all);
  EXPECT_EQ(inferred("Gather", {"peers"}, compiled, 4, domain::kFlow), all);
  EXPECT_EQ(inferred("Gather", {"peers"}, recorded, 4, domain::kFlow), kMismatch);
  EXPECT_EQ(inferred("Gather", {"float32[N]", "peers"}, compiled, 4, domain::kFlow), kMismatch);
  EXPECT_EQ(inferred("Gather", {"float32[N]", "peer"}, recorded, 4, domain::kFlow), kMismatch);
  EXPECT_EQ(inferred("Contribute", {"float32[N]", "peer"}, {{"gather", int64_t{0}}, {"name", "g"}},
                     1, domain::kFlow),
            "trigger");
}

TEST(FlowRules, OutputJoinAndOrderOnlyInputs) {
  EXPECT_EQ(inferred("Output", {"decisions"}, {{"name", "y"}}, 1, domain::kFlow), "decisions");
  EXPECT_EQ(inferred("Join", {"trigger", "trigger"}, {}, 1, domain::kFlow), "trigger");
  EXPECT_EQ(inferred("Output", {"float32[2]", "trigger", "peers"},
                     {{"name", "y"}, {"after", int64_t{2}}}, 1, domain::kFlow),
            "float32[2]");
  EXPECT_EQ(
      inferred("Output", {"float32[2]"}, {{"name", "y"}, {"after", int64_t{2}}}, 1, domain::kFlow),
      "error: bad_attribute");
  EXPECT_EQ(
      inferred("Output", {"float32[2]"}, {{"name", "y"}, {"after", int64_t{-1}}}, 1, domain::kFlow),
      "error: bad_attribute");
}

}  // namespace
}  // namespace bb::ir::testing
