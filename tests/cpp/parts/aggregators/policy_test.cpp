// What happens to non-finite rows, missing peers and rounds that are too short.
#include "parts/aggregators/support.h"

namespace bb::testing_rules {
namespace {

using Dict = Config::Dict;
const float kNaN = std::numeric_limits<float>::quiet_NaN();
const float kInf = std::numeric_limits<float>::infinity();

/// Rows 0..n-1 with `bad` of them made non-finite in one place.
Matrix<float> rows_with_bad(size_t n, const std::vector<size_t>& bad) {
  auto x = random_rows<float>(21, n, 40, false);
  for (const size_t i : bad) x[i][i % 40] = i % 2 == 0 ? kNaN : -kInf;
  return x;
}

template <class T>
Matrix<T> without(Matrix<T> x, std::vector<size_t> gone) {
  std::sort(gone.rbegin(), gone.rend());
  for (const size_t i : gone) x.erase(x.begin() + static_cast<long>(i));
  return x;
}

std::string error_code(const Result<std::shared_ptr<const Aggregation>>& result) {
  return result.ok() ? "" : result.error().code;
}

TEST(NonFinite, a_row_is_removed_and_lowers_f) {
  const auto x = rows_with_bad(15, {4, 11});
  const auto clean = without(x, {4, 11});
  for (const char* name : {"trimmed_mean", "krum", "multi_krum", "bulyan"}) {
    const auto result = aggregate(name, {{"f", 3}}, x);
    EXPECT_EQ(vector_of<float>(*result), run(name, {{"f", 1}}, clean)) << name;
    EXPECT_EQ(result->stats.get("f"), Config(1)) << name;
    EXPECT_EQ(result->decisions[4].reason, "non_finite");
    EXPECT_EQ(result->decisions[11].verdict, Verdict::kRejected);
    EXPECT_TRUE(std::isnan(result->decisions[4].score));
  }
}

TEST(NonFinite, rules_without_f_remove_all_but_one) {
  const auto x = rows_with_bad(4, {0, 1, 3});
  EXPECT_EQ(run("mean", {}, x), x[2]);
  EXPECT_EQ(run("median", {}, x), x[2]);
}

TEST(NonFinite, more_than_f_rows_are_an_error_that_names_the_senders) {
  const auto x = rows_with_bad(15, {4, 11, 12, 14});
  auto result = call(*make_rule("krum", {{"f", 3}}), input_of(x));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().fault, Fault::kPrecondition);
  EXPECT_EQ(result.error().code, "too_many_nonfinite");
  EXPECT_EQ(result.error().message, "krum: f=3 allows 3 non-finite rows, 4 of 15 have them");
  EXPECT_EQ(result.error().value, "peers 4, 11, 12, 14");
}

TEST(NonFinite, rules_without_f_fail_when_no_row_is_left) {
  const auto x = rows_with_bad(3, {0, 1, 2});
  EXPECT_EQ(error_code(call(*make_rule("mean", {}), input_of(x))), "too_many_nonfinite");
}

TEST(NonFinite, a_run_skips_the_round_instead) {
  const auto x = rows_with_bad(15, {4, 11, 12, 14});
  auto result = call(*make_rule("krum", {{"f", 3}, {"in_run", true}}), input_of(x));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE((*result)->skipped);
  EXPECT_EQ((*result)->skip_reason, "too_many_nonfinite");
  EXPECT_EQ(vector_of<float>(**result), std::vector<float>(40, 0.0f));
  EXPECT_EQ((*result)->decisions[4].reason, "non_finite");
  EXPECT_EQ((*result)->decisions[5].reason, "round_skipped");
  EXPECT_EQ((*result)->decisions.size(), 15u);
}

/// Input over `x` in which the peers `gone` did not arrive.
template <class T>
AggregateInput with_missing(const Matrix<T>& x, const std::vector<size_t>& gone) {
  AggregateInput input = input_of(x);
  input.rows.clear();
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::find(gone.begin(), gone.end(), i) == gone.end())
      input.rows.push_back({PeerId::from_int(i), x[i].data()});
    else
      input.missing.push_back(PeerId::from_int(i));
  }
  return input;
}

TEST(Missing, counts_as_the_zero_update_by_default) {
  const auto x = random_rows<float>(31, 15, 40, false);
  auto zeroed = x;
  for (const size_t i : {2u, 14u}) zeroed[i].assign(40, 0.0f);
  for (const char* name : {"trimmed_mean", "krum", "multi_krum", "bulyan"}) {
    auto result = call(*make_rule(name, {{"f", 3}}), with_missing(x, {2, 14}));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(vector_of<float>(**result), run(name, {{"f", 3}}, zeroed)) << name;
    EXPECT_EQ((*result)->decisions.size(), 15u);
    EXPECT_EQ((*result)->decisions[2].verdict, Verdict::kRejected);
    EXPECT_EQ((*result)->decisions[2].reason, "missing");
    EXPECT_EQ((*result)->decisions[2].peer, PeerId::from_int(2));
  }
}

TEST(Missing, keeps_the_given_reasons) {
  const auto x = random_rows<float>(31, 5, 8, false);
  auto input = with_missing(x, {1, 3});
  input.missing_why = {"late", "equivocation"};
  auto result = call(*make_rule("mean", {{"on_missing", "shrink"}}), input);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)->decisions[1].reason, "late");
  EXPECT_EQ((*result)->decisions[3].reason, "equivocation");
}

TEST(Missing, stands_for_the_own_vector_when_there_is_one) {
  const auto x = random_rows<float>(32, 5, 8, false);
  const std::vector<float> own_values(8, 0.5f);
  const Tensor own = Tensor::of<float>({8}, own_values);
  auto input = with_missing(x, {4});
  input.own = &own;
  auto result = call(*make_rule("mean", {}), input);
  ASSERT_TRUE(result.ok());
  auto filled = x;
  filled[4] = own_values;
  EXPECT_EQ(vector_of<float>(**result), run("mean", {}, filled));
}

TEST(Missing, a_broken_own_vector_counts_as_non_finite) {
  const auto x = random_rows<float>(32, 9, 8, false);
  const Tensor own = Tensor::of<float>({8}, std::vector<float>(8, kNaN));
  auto input = with_missing(x, {4, 5});
  input.own = &own;
  EXPECT_EQ(error_code(call(*make_rule("krum", {{"f", 1}}), input)), "too_many_nonfinite");
  auto result = call(*make_rule("krum", {{"f", 2}}), input);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)->decisions[4].reason, "missing");
}

TEST(Missing, an_average_weight_goes_to_the_zero_row) {
  const Matrix<float> x = {{4.f}, {8.f}, {0.f}};
  auto input = with_missing(x, {2});
  const std::vector<double> weights{10, 30};
  input.weights = weights.data();
  auto result = call(*make_rule("mean", {}), input);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(vector_of<float>(**result)[0], (10 * 4 + 30 * 8) / 60.0, 1e-6);
}

TEST(Missing, shrinks_n_on_request) {
  const auto x = random_rows<float>(33, 15, 40, false);
  const auto present = without(x, {2, 14});
  for (const char* name : {"trimmed_mean", "krum", "multi_krum"}) {
    auto result =
        call(*make_rule(name, {{"f", 3}, {"on_missing", "shrink"}}), with_missing(x, {2, 14}));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(vector_of<float>(**result), run(name, {{"f", 3}}, present)) << name;
    EXPECT_EQ((*result)->stats.get("n"), Config(13));
  }
}

TEST(Short, skips_by_default) {
  const auto x = random_rows<float>(34, 9, 10, false);
  auto result =
      call(*make_rule("krum", {{"f", 3}, {"on_missing", "shrink"}}), with_missing(x, {0}));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE((*result)->skipped);
  EXPECT_EQ((*result)->skip_reason, "too_few");
  EXPECT_EQ((*result)->decisions[0].reason, "missing");
}

TEST(Short, raises_on_request) {
  const auto x = random_rows<float>(34, 9, 10, false);
  auto rule = make_rule(
      "krum", {{"f", 3}, {"on_missing", "shrink"}, {"on_short", "raise"}, {"in_run", true}});
  EXPECT_EQ(error_code(call(*rule, with_missing(x, {0}))), "too_few_rows");
}

TEST(Short, falls_back_to_another_rule_with_the_same_f) {
  const auto x = random_rows<float>(34, 9, 10, false);
  auto rule = make_rule(
      "krum", {{"f", 3}, {"on_missing", "shrink"}, {"on_short", "fallback:trimmed_mean"}});
  auto result = call(*rule, with_missing(x, {0}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(vector_of<float>(**result), run("trimmed_mean", {{"f", 3}}, without(x, {0})));
}

TEST(Short, a_bad_fallback_is_found_when_the_rule_is_made) {
  auto made = aggregators().make("krum", Dict{{"f", 3}, {"on_short", "fallback:medain"}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().hint, "did you mean \"median\"?");
  made = aggregators().make("krum", Dict{{"f", 3}, {"on_short", "explode"}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "bad_parameter");
}

TEST(Short, a_round_nobody_reached_is_skipped_in_a_run) {
  const auto x = random_rows<float>(35, 3, 10, false);
  auto input = with_missing(x, {0, 1, 2});
  for (const char* mode : {"default", "shrink"}) {
    auto result =
        call(*make_rule("krum", {{"f", 0}, {"on_missing", mode}, {"in_run", true}}), input);
    ASSERT_TRUE(result.ok()) << mode;
    EXPECT_EQ(vector_of<float>(**result), std::vector<float>(10, 0.0f));
  }
}

TEST(Input, of_a_wrong_dtype_is_a_data_error) {
  const Matrix<int32_t> x(3, std::vector<int32_t>(4, 1));
  auto result = call(*make_rule("mean", {}), input_of(x));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().fault, Fault::kData);
  EXPECT_EQ(result.error().code, "bad_dtype");
  EXPECT_EQ(result.error().value, "int32");
}

TEST(Input, without_rows_or_values_is_an_error) {
  EXPECT_EQ(error_code(call(*make_rule("mean", {}), AggregateInput{})), "no_rows");
  EXPECT_EQ(error_code(call(*make_rule("mean", {}), input_of(Matrix<float>(2)))), "empty_rows");
}

TEST(Input, with_two_rows_of_one_peer_is_an_error) {
  const auto x = random_rows<float>(37, 4, 4, false);
  auto input = input_of(x);
  input.rows[2].peer = input.rows[1].peer;
  EXPECT_EQ(error_code(call(*make_rule("mean", {}), input)), "duplicate_sender");
  input = input_of(x);
  input.missing = {PeerId::from_int(3)};
  EXPECT_EQ(error_code(call(*make_rule("mean", {}), input)), "duplicate_sender");
}

TEST(Input, with_weights_that_make_no_sense_is_an_error) {
  const auto x = random_rows<float>(36, 3, 4, false);
  for (const std::vector<double>& weights :
       {std::vector<double>{1, -1, 1}, {0, 0, 0}, {1, std::nan(""), 1}}) {
    auto input = input_of(x);
    input.weights = weights.data();
    EXPECT_EQ(error_code(call(*make_rule("mean", {}), input)), "bad_weights");
  }
}

}  // namespace
}  // namespace bb::testing_rules
