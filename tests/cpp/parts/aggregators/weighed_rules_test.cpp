// geometric_median and monna against plain loops and published values.
#include "parts/aggregators/support.h"

namespace bb::testing_rules {
namespace {

/// Weiszfeld steps from `z` in double.
template <class T>
std::vector<double> weiszfeld(const Matrix<T>& x, std::vector<double> z, double nu, int steps,
                              const std::vector<double>& weights) {
  for (int step = 0; step < steps; ++step) {
    std::vector<double> sum(z.size(), 0.0);
    double total = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      double square = 0;
      for (size_t j = 0; j < z.size(); ++j)
        square += (static_cast<double>(x[i][j]) - z[j]) * (static_cast<double>(x[i][j]) - z[j]);
      const double factor = weights[i] / std::max(nu, std::sqrt(square));
      total += factor;
      for (size_t j = 0; j < z.size(); ++j) sum[j] += factor * static_cast<double>(x[i][j]);
    }
    for (size_t j = 0; j < z.size(); ++j) z[j] = sum[j] / total;
  }
  return z;
}

/// The rounding of `steps` iterations, each a sum of n values and of d squares.
template <class T>
void expect_after_steps(const std::vector<T>& got, const std::vector<double>& want, size_t n,
                        int steps, const char* what) {
  const double tolerance =
      2.0 * static_cast<double>(n + got.size()) * steps * std::numeric_limits<double>::epsilon() +
      2.0 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (size_t j = 0; j < want.size(); ++j)
    ASSERT_NEAR(static_cast<double>(got[j]), want[j], tolerance) << what << " column " << j;
}

TEST(GeometricMedian, converges_to_the_published_value) {
  const auto got = run("geometric_median", {{"iters", 2000}}, seven_rows());
  EXPECT_NEAR(got[0], 1.0865360646, 1e-9);
  EXPECT_NEAR(got[1], 0.0983736427, 1e-9);
}

template <class T>
class Weighed : public ::testing::Test {};
using Elements = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Weighed, Elements);

TYPED_TEST(Weighed, geometric_median_takes_the_steps_of_the_iteration) {
  using T = TypeParam;
  for (const size_t n : {1, 2, 7, 16, 26, 50})
    for (const size_t d : {1, 9, 1000}) {
      const auto x = random_rows<T>(n * 7 + d, n, d, false);
      const std::vector<double> ones(n, 1.0);
      expect_after_steps(run("geometric_median", {}, x),
                         weiszfeld(x, median_oracle(x), 1e-6, 8, ones), n, 8, "median");
      expect_after_steps(run("geometric_median", {{"nu", 0.1}, {"iters", 3}, {"init", "zero"}}, x),
                         weiszfeld(x, std::vector<double>(d, 0.0), 0.1, 3, ones), n, 3, "zero");
      expect_after_steps(run("geometric_median", {{"init", "mean"}}, x),
                         weiszfeld(x, trimmed_oracle(x, 0), 1e-6, 8, ones), n, 8, "mean");
    }
}

TEST(GeometricMedian, uses_weights_and_refuses_bad_ones) {
  const auto x = random_rows<double>(5, 6, 20, false);
  std::vector<double> weights{1, 2, 0, 4, 5, 6};
  auto input = input_of(x);
  input.weights = weights.data();
  auto result = call(*make_rule("geometric_median", {}), input);
  ASSERT_TRUE(result.ok());
  expect_after_steps(vector_of<double>(**result), weiszfeld(x, median_oracle(x), 1e-6, 8, weights),
                     6, 8, "weights");
  weights[1] = -1;
  result = call(*make_rule("geometric_median", {}), input);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "bad_weights");
}

TEST(GeometricMedian, stays_precise_near_consensus) {
  for (const size_t n : {26u, 50u, 100u}) {
    auto x = random_rows<float>(n, n, 200, false);
    for (auto& row : x)
      for (float& value : row) value = 1 + 1e-4f * value;
    const auto want = weiszfeld(x, median_oracle(x), 1e-6, 8, std::vector<double>(n, 1.0));
    const auto got = run("geometric_median", {}, x);
    for (size_t j = 0; j < got.size(); ++j)  // one rounding to float32
      EXPECT_NEAR(static_cast<double>(got[j]), want[j], 1.2e-7);
  }
}

TEST(GeometricMedian, rejects_far_rows) {
  auto x = random_rows<double>(6, 9, 30, false);
  x[4].assign(30, 1e6);
  const auto result = aggregate("geometric_median", {{"f", 1}}, x, Detail::kShares);
  EXPECT_EQ(result->decisions[4].verdict, Verdict::kRejected);
  EXPECT_EQ(result->decisions[4].reason, "far_away");
  EXPECT_LT(result->decisions[4].weight, 1e-5);
}

TEST(Monna, averages_the_rows_nearest_the_trusted_one) {
  const Matrix<double> x = {{0.}, {10.}, {1.}, {-2.}, {12.}};
  EXPECT_EQ(run("monna", {{"f", 2}, {"own", 0}}, x)[0], (0. + 1. - 2.) / 3);
  EXPECT_EQ(run("monna", {{"f", 2}, {"own", 4}}, x)[0], (12. + 10. + 1.) / 3);
}

TEST(Monna, counts_an_own_vector_that_is_no_row) {
  const Matrix<double> x = {{0.}, {10.}, {1.}, {-2.}, {12.}};
  const Tensor own = Tensor::of<double>({1}, std::vector<double>{11.});
  auto input = input_of(x);
  input.own = &own;
  auto result = call(*make_rule("monna", {{"f", 2}}), input);
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(vector_of<double>(**result)[0], (11. + 10. + 12. + 1.) / 4);
}

TEST(Monna, needs_someone_to_trust) {
  const Matrix<double> x = {{0.}, {10.}, {1.}};
  for (const Config::Dict& params : {Config::Dict{{"f", 1}}, Config::Dict{{"f", 1}, {"own", 7}}}) {
    auto result = call(*make_rule("monna", params), input_of(x));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, "no_own");
  }
}

}  // namespace
}  // namespace bb::testing_rules
