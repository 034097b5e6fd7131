// The memory plan: values computed inside a concatenation, views, and outputs that share storage.
#include <algorithm>

#include "parts/backends/support.h"

namespace bb::test {
namespace {

ir::Node neg(const std::string& x, const std::string& y) { return onnx("Neg", {x}, {y}); }
ir::Node concat(std::vector<std::string> pieces, const std::string& y) {
  return onnx("Concat", std::move(pieces), {y}, {{"axis", int64_t{0}}});
}

TEST(Concat, PiecesComputedInPlaceKeepTheirOrder) {
  const auto f =
      region({"x"}, {neg("x", "a"), onnx("Abs", {"a"}, {"b"}), concat({"b", "a"}, "y")}, {"y"});
  EXPECT_EQ(list(run(f, {floats({1, -2})})[0]), (Floats{1, 2, -1, 2}));
}

TEST(Concat, APieceMayBeReadAfterTheConcatenation) {
  const auto f =
      region({"x"},
             {neg("x", "a"), neg("a", "b"), concat({"a", "b"}, "c"), onnx("Abs", {"c"}, {"d"}),
              onnx("Add", {"a", "b"}, {"e"}), concat({"d", "e", "a"}, "y")},
             {"y"});
  EXPECT_EQ(list(run(f, {floats({1, -2})})[0]), (Floats{1, 2, 1, 2, 0, 0, -1, 2}));
}

TEST(Concat, OneValueMayFillSeveralPlacesAndConcatenations) {
  const auto f = region({"x"},
                        {neg("x", "a"), concat({"a", "x", "a"}, "c"), concat({"a", "a"}, "d"),
                         concat({"c", "d", "c"}, "y")},
                        {"y", "a", "d"});
  const auto out = run(f, {floats({3})});
  EXPECT_EQ(list(out[0]), (Floats{-3, 3, -3, -3, -3, -3, 3, -3}));
  EXPECT_EQ(list(out[1]), (Floats{-3}));
  EXPECT_EQ(list(out[2]), (Floats{-3, -3}));
}

TEST(Concat, ConstantsInputsViewsAndEmptyPiecesAreCopied) {
  const auto f = region(
      {"x", "none"},
      {constant("k", floats({7, 8})), neg("none", "empty"), neg("x", "a"),
       constant("from", ints({1})), constant("to", ints({2})),
       onnx("Slice", {"a", "from", "to"}, {"part"}), onnx("Identity", {"a"}, {"same"}),
       concat({"x", "none", "same"}, "c"), concat({"empty", "c", "k", "part", "empty"}, "y")},
      {"y", "c", "part"});
  const auto out = run(f, {floats({1, 2}), floats({})});
  EXPECT_EQ(list(out[0]), (Floats{1, 2, -1, -2, 7, 8, -2}));
  EXPECT_EQ(list(out[1]), (Floats{1, 2, -1, -2}));
  EXPECT_EQ(list(out[2]), (Floats{-2}));
}

TEST(Concat, AlongAnInnerAxisIsCopiedRowByRow) {
  const auto f = ir::testing::function(
      ir::domain::kRegion, "region", {{"x", "float32[2,2]"}},
      {onnx("Neg", {"x"}, {"a"}), onnx("Concat", {"a", "x"}, {"y"}, {{"axis", int64_t{-1}}})},
      {"y"});
  const Tensor x = floats({1, 2, 3, 4}).reshaped({2, 2});
  EXPECT_EQ(list(run(f, {x})[0]), (Floats{-1, -2, 1, 2, -3, -4, 3, 4}));
}

TEST(Outputs, MayBeInputsConstantsViewsAndEachOther) {
  const auto f = region({"x"},
                        {constant("k", floats({5})), onnx("Identity", {"x"}, {"same"}),
                         neg("x", "a"), constant("from", ints({1})), constant("to", ints({9})),
                         onnx("Slice", {"a", "from", "to"}, {"tail"}),
                         onnx("Slice", {"k", "from", "to"}, {"nothing"})},
                        {"x", "same", "k", "a", "a", "tail", "nothing"});
  const Tensor x = floats({1, 2, 3});
  const auto executable = prepare(f);
  auto out = run(*executable, {x}, 7);
  const std::vector<Floats> want = {{1, 2, 3},    {1, 2, 3}, {5}, {-1, -2, -3},
                                    {-1, -2, -3}, {-2, -3},  {}};
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(list(out[i]), want[i]) << i;
  // Writing to any of them leaves the others, the input and the constant alone.
  for (size_t i = 0; i < out.size(); ++i) {
    for (int64_t j = 0; j < out[i].size(); ++j) out[i].mutable_data<float>()[j] = 99;
    for (size_t k = i + 1; k < out.size(); ++k) EXPECT_EQ(list(out[k]), want[k]) << i << " " << k;
  }
  EXPECT_EQ(list(x), want[0]);
  EXPECT_EQ(list(run(*executable, {x}, 7)[2]), want[2]);
}

TEST(DeadCode, FailuresOfUnusedStepsDoNotHappen) {
  const auto outcome = [](std::vector<std::string> outputs) {
    const auto f = ir::testing::function(
        ir::domain::kRegion, "region", {{"x", "float32[N]"}, {"at", "int64[1]"}},
        {onnx("Gather", {"x", "at"}, {"picked"}), neg("x", "y")}, std::move(outputs));
    return error_of(f, {floats({1}), ints({9})});
  };
  EXPECT_EQ(outcome({"y"}), "");
  EXPECT_EQ(outcome({"y", "picked"}), "index_out_of_range");
}

/// A random function over vectors, and what each of its values is, computed one by one.
struct RandomCase {
  std::vector<ir::Node> nodes;
  std::vector<std::string> names;
  std::vector<Floats> values;
  std::vector<std::string> outputs;
  std::vector<size_t> output_of;

  size_t pick(Stream& rng) const { return rng.next_below(static_cast<uint32_t>(names.size())); }
  std::string add(Floats value) {
    names.push_back("v" + std::to_string(names.size()));
    values.push_back(std::move(value));
    return names.back();
  }
  void grow(Stream& rng) {
    const size_t a = pick(rng);
    const std::string x = names[a];
    Floats value = values[a];
    switch (rng.next_below(6)) {
      case 0:
        for (float& v : value) v = -v;
        nodes.push_back(neg(x, add(value)));
        break;
      case 1: {
        for (float& v : value) v += v;
        nodes.push_back(onnx("Add", {x, x}, {add(value)}));
        break;
      }
      case 2:
        nodes.push_back(onnx("Identity", {x}, {add(value)}));
        break;
      case 3: {
        const auto n = static_cast<uint32_t>(value.size());
        const size_t from = rng.next_below(n + 1), to = rng.next_below(n + 1);
        const std::string id = std::to_string(nodes.size());
        nodes.push_back(constant("from" + id, ints({static_cast<int64_t>(from)})));
        nodes.push_back(constant("to" + id, ints({static_cast<int64_t>(to)})));
        const Floats cut = from < to ? Floats(value.begin() + static_cast<std::ptrdiff_t>(from),
                                              value.begin() + static_cast<std::ptrdiff_t>(to))
                                     : Floats();
        nodes.push_back(onnx("Slice", {x, "from" + id, "to" + id}, {add(cut)}));
        break;
      }
      default: {
        std::vector<std::string> pieces = {x};
        for (uint32_t extra = 1 + rng.next_below(2); extra > 0; --extra) {
          const size_t b = pick(rng);
          if (value.size() + values[b].size() > 4000) continue;
          pieces.push_back(names[b]);
          value.insert(value.end(), values[b].begin(), values[b].end());
        }
        nodes.push_back(concat(pieces, add(value)));
      }
    }
  }
};

TEST(MemoryPlan, RandomFunctionsGiveWhatEachStepAloneGives) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Stream rng(seed, "random functions");
    RandomCase made;
    std::vector<Tensor> inputs;
    for (int i = 0; i < 2; ++i) {
      Floats x;
      for (uint32_t n = rng.next_below(4); n > 0; --n)
        x.push_back(static_cast<float>(rng.next_below(100)));
      inputs.push_back(floats(x));
      made.add(x);
    }
    if (seed % 2) made.nodes.push_back(constant(made.add({1, 2}), floats({1, 2})));
    const int steps = 3 + static_cast<int>(rng.next_below(15));
    for (int i = 0; i < steps; ++i) made.grow(rng);
    for (uint32_t n = 1 + rng.next_below(4); n > 0; --n) {
      made.output_of.push_back(made.pick(rng));
      made.outputs.push_back(made.names[made.output_of.back()]);
    }
    const auto executable = prepare(region({"v0", "v1"}, made.nodes, made.outputs));
    auto first = run(*executable, inputs, made.outputs.size());
    const auto second = run(*executable, inputs, made.outputs.size());
    for (size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(list(first[i]), made.values[made.output_of[i]]) << i;
      if (first[i].size() > 0) first[i].mutable_data<float>()[0] = -1e9f;
    }
    for (size_t i = 0; i < second.size(); ++i)
      ASSERT_EQ(list(second[i]), made.values[made.output_of[i]]) << i;
    for (size_t i = 0; i < 2; ++i) ASSERT_EQ(list(inputs[i]), made.values[i]);
  }
}

}  // namespace
}  // namespace bb::test
