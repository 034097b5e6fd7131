// Executables: plans per shape, threads, in-place safety of kernels, and errors that say what was
// wrong.
#include <thread>

#include "bb/tensor/parallel.h"
#include "parts/backends/support.h"

namespace bb::test {
namespace {

/// y = x w + b, then the mean cross-entropy of y against labels.
ir::Function scored() {
  return ir::testing::function(
      ir::domain::kRegion, "scored",
      {{"x", "float32[B,3]"}, {"w", "float32[3,2]"}, {"b", "float32[2]"}, {"t", "int64[B]"}},
      {onnx("Gemm", {"x", "w", "b"}, {"y"}),
       onnx("SoftmaxCrossEntropyLoss", {"y", "t"}, {"loss", "log_prob"})},
      {"y", "loss", "log_prob"});
}

std::vector<Tensor> batch(int64_t rows) {
  Tensor x(DType::kF32, {rows, 3}), t(DType::kI64, {rows});
  for (int64_t i = 0; i < 3 * rows; ++i) x.mutable_data<float>()[i] = static_cast<float>(i % 7) - 3;
  for (int64_t i = 0; i < rows; ++i) t.mutable_data<int64_t>()[i] = i % 2;
  return {x, floats({1, 2, 0, -1, 3, 1}).reshaped({3, 2}), floats({10, 20}), t};
}

Floats expected_logits(const std::vector<Tensor>& in) {
  Floats out;
  for (int64_t i = 0; i < in[0].shape()[0]; ++i)
    for (int64_t j = 0; j < 2; ++j) {
      float sum = in[2].data<float>()[j];
      for (int64_t k = 0; k < 3; ++k)
        sum += in[0].data<float>()[i * 3 + k] * in[1].data<float>()[k * 2 + j];
      out.push_back(sum);
    }
  return out;
}

TEST(Executable, TakesOneBatchSizeAfterAnother) {
  const auto executable = prepare(scored());
  for (int pass = 0; pass < 2; ++pass)
    for (int64_t rows : {1, 5, 0, 64, 5}) {
      const auto in = batch(rows);
      const auto out = run(*executable, in, 3);
      EXPECT_EQ(list(out[0]), expected_logits(in)) << rows;
      EXPECT_EQ(out[2].shape(), (Shape{rows, 2}));
    }
}

TEST(Executable, ForgetsOldPlansAndMakesThemAgain) {
  const auto executable = prepare(scored());
  for (int pass = 0; pass < 2; ++pass)
    for (int64_t rows = 1; rows <= 50; ++rows) {
      const auto in = batch(rows);
      ASSERT_EQ(list(run(*executable, in, 3)[0]), expected_logits(in)) << rows;
    }
}

TEST(Executable, ManyFunctionsInTurnDoNotMixTheirPlans) {
  std::vector<std::shared_ptr<const Executable>> adders;
  for (int i = 0; i < 40; ++i)
    adders.push_back(prepare(region(
        {"x"}, {constant("k", floats({static_cast<float>(i)})), onnx("Add", {"x", "k"}, {"y"})},
        {"y"})));
  for (int pass = 0; pass < 3; ++pass)
    for (size_t i = 0; i < adders.size(); ++i)
      ASSERT_EQ(list(run(*adders[i], {floats({1})}, 1)[0]), (Floats{1 + static_cast<float>(i)}));
}

TEST(Executable, ThreadsShareItAndItsConstants) {
  const auto executable = prepare(
      region({"x"},
             {constant("k", floats({2})), onnx("Mul", {"x", "k"}, {"a"}), onnx("Exp", {"a"}, {"b"}),
              onnx("Concat", {"a", "b"}, {"y"}, {{"axis", int64_t{0}}})},
             {"y", "k"}));
  const Floats want = list(run(*executable, {floats({0.5f})}, 2)[0]);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const size_t n = 1 + (static_cast<size_t>(i) + t) % 40;
        auto out = run(*executable, {floats(Floats(n, 0.5f))}, 2);
        wrong[t] += list(out[0])[0] != want[0] || list(out[0])[2 * n - 1] != want[1];
        out[1].mutable_data<float>()[0] = static_cast<float>(t);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Executable, RowsSplitOverThreadsGiveTheSameBits) {
  const int64_t m = 700, k = 90, n = 110;
  Tensor a(DType::kF32, {m, k}), b(DType::kF32, {k, n});
  Stream rng(1, "matrices");
  for (Tensor* t : {&a, &b})
    for (int64_t i = 0; i < t->size(); ++i)
      t->mutable_data<float>()[i] = static_cast<float>(rng.next_double()) - 0.5f;
  const auto f = ir::testing::function(ir::domain::kRegion, "product",
                                       {{"a", "float32[700,90]"}, {"b", "float32[90,110]"}},
                                       {onnx("MatMul", {"a", "b"}, {"y"})}, {"y"});
  const Tensor alone = run(f, {a, b})[0];
  const ThreadScope many(4);
  EXPECT_TRUE(run(f, {a, b})[0].same_bytes(alone));
}

TEST(Executable, VariadicOperatorsBroadcastEveryInput) {
  const auto f = ir::testing::function(
      ir::domain::kRegion, "spread",
      {{"a", "float32[2]"}, {"b", "float32[3,1]"}, {"c", "float32[]"}, {"d", "float32[3,2]"}},
      {onnx("Sum", {"a", "b", "c", "d"}, {"y"}), onnx("Max", {"a", "b", "c"}, {"z"})}, {"y", "z"});
  const auto out = run(f, {floats({1, 2}), floats({10, 20, -5}).reshaped({3, 1}),
                           floats({0}).reshaped({}), floats({1, 1, 1, 1, 1, 1}).reshaped({3, 2})});
  EXPECT_EQ(list(out[0]), (Floats{12, 13, 22, 23, -3, -2}));
  EXPECT_EQ(list(out[1]), (Floats{10, 10, 20, 20, 1, 2}));
}

TEST(Executable, OnlyTheSecondOutputMayBeWanted) {
  ir::Function f = scored();
  f.nodes[1].outputs[0] = "";
  f.outputs = {"log_prob"};
  const auto in = batch(4);
  EXPECT_EQ(list(run(f, in)[0]), list(run(scored(), in)[2]));
}

TEST(Errors, UnsupportedOperatorsAreAllListed) {
  const auto made = cpu_backend().prepare(
      region({"x"},
             {onnx("Sinh", {"x"}, {"a"}), onnx("Neg", {"a"}, {"b"}), onnx("Cosh", {"b"}, {"c"}),
              ir::testing::node(ir::domain::kState, "Read", {}, {"d"})},
             {"c"}));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().fault, Fault::kInstall);
  EXPECT_EQ(made.error().code, "unsupported_op");
  EXPECT_EQ(made.error().value, "Cosh, Sinh, ai.bytesandbrains.state::Read");
}

TEST(Errors, ALabelOutsideTheClassesIsNamed) {
  for (int64_t label : {2, -1}) {
    auto in = batch(3);
    in[3].mutable_data<int64_t>()[1] = label;
    std::vector<Tensor> out(3);
    const Status status = prepare(scored())->run(in, out);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().fault, Fault::kData);
    EXPECT_EQ(status.error().code, "label_out_of_range");
    EXPECT_EQ(status.error().value, std::to_string(label));
    EXPECT_NE(status.error().text().find("row 1"), std::string::npos) << status.error().text();
  }
}

TEST(Errors, ArgumentsThatDoNotFit) {
  auto in = batch(3);
  EXPECT_EQ(error_of(scored(), {in[0], in[1], in[2]}), "arity");
  EXPECT_EQ(error_of(scored(), {in[0], in[1], in[2], Tensor()}), "undefined_tensor");
  EXPECT_NE(error_of(scored(), {in[0], in[0], in[2], in[3]}), "");
  EXPECT_NE(error_of(scored(), {in[3], in[1], in[2], in[3]}), "");
}

TEST(Errors, ScatterNeverWritesOutsideItsData) {
  const auto scatter = [](Shape indices, int64_t index) {
    const int64_t n = element_count(indices);
    const auto f = ir::testing::function(
        ir::domain::kRegion, "scatter",
        {{"data", "float32[2,2]"}, {"at", "int64[A,B]"}, {"x", "float32[A,B]"}},
        {onnx("ScatterElements", {"data", "at", "x"}, {"y"}, {{"axis", int64_t{0}}})}, {"y"});
    const std::vector<int64_t> at(static_cast<size_t>(n), index);
    return error_of(f, {floats({1, 2, 3, 4}).reshaped({2, 2}), Tensor::of<int64_t>(indices, at),
                        Tensor::zeros(DType::kF32, indices)});
  };
  EXPECT_EQ(scatter({1, 2}, 1), "");
  EXPECT_EQ(scatter({5, 2}, -2), "");
  EXPECT_EQ(scatter({1, 2}, 2), "index_out_of_range");
  EXPECT_EQ(scatter({2, 900}, 0), "shape_mismatch");
}

TEST(Errors, ShapesTooLargeForMemoryAreRefused) {
  const int64_t huge = int64_t{1} << 31;
  const auto f = region(
      {"x"}, {constant("shape", ints({huge, huge, huge})), onnx("Expand", {"x", "shape"}, {"y"})},
      {"y"});
  EXPECT_EQ(error_of(f, {floats({1})}), "too_large");
}

}  // namespace
}  // namespace bb::test
