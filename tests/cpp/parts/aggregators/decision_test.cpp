// What every rule says about each peer: verdict, reason, score and share of the result.
#include "parts/aggregators/support.h"

namespace bb::testing_rules {
namespace {

using Dict = Config::Dict;

/// 12 rows close to 1, then rows far from them and from each other at 50, 99 and 148.
Matrix<float> twelve_and_three(size_t d) {
  auto x = random_rows<float>(41, 15, d, false);
  for (auto& row : x)
    for (float& value : row) value = 1 + value / 10;
  for (size_t i = 12; i < 15; ++i)
    for (float& value : x[i]) value += 49 * static_cast<float>(i - 11);
  return x;
}

double total_weight(const Aggregation& result) {
  double total = 0;
  for (const Decision& decision : result.decisions) total += decision.weight;
  return total;
}

TEST(Decisions, krum_accepts_one_row) {
  const auto x = twelve_and_three(100);
  const auto result = aggregate("krum", {{"f", 3}}, x, Detail::kShares);
  size_t accepted = 0;
  for (size_t i = 0; i < 15; ++i) {
    const Decision& decision = result->decisions[i];
    EXPECT_EQ(decision.peer, PeerId::from_int(i));
    if (decision.verdict == Verdict::kAccepted) {
      ++accepted;
      EXPECT_EQ(vector_of<float>(*result), x[i]);
      EXPECT_EQ(decision.weight, 1.0);
      EXPECT_EQ(decision.reason, "");
    } else {
      EXPECT_EQ(decision.reason, "krum_score");
      EXPECT_EQ(decision.weight, 0.0);
    }
  }
  EXPECT_EQ(accepted, 1u);
}

TEST(Decisions, multi_krum_rejects_the_far_rows) {
  const auto result = aggregate("multi_krum", {{"f", 3}}, twelve_and_three(100), Detail::kShares);
  for (size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(result->decisions[i].verdict, i < 12 ? Verdict::kAccepted : Verdict::kRejected);
    EXPECT_EQ(result->decisions[i].reason, i < 12 ? "" : "krum_score");
    EXPECT_DOUBLE_EQ(result->decisions[i].weight, i < 12 ? 1.0 / 12 : 0.0);
  }
  EXPECT_EQ(result->stats.get("m"), Config(12));
}

TEST(Decisions, multi_krum_warns_when_m_takes_byzantine_rows_in) {
  const auto x = twelve_and_three(10);
  EXPECT_TRUE(aggregate("multi_krum", {{"f", 3}, {"m", 13}}, x)->stats.has("warning"));
  EXPECT_FALSE(aggregate("multi_krum", {{"f", 3}, {"m", 12}}, x)->stats.has("warning"));
}

TEST(Decisions, bulyan_does_not_select_the_far_rows) {
  const auto result = aggregate("bulyan", {{"f", 3}}, twelve_and_three(100), Detail::kShares);
  size_t accepted = 0;
  for (size_t i = 0; i < 15; ++i) accepted += result->decisions[i].verdict == Verdict::kAccepted;
  EXPECT_EQ(accepted, 9u);
  for (size_t i = 12; i < 15; ++i) EXPECT_EQ(result->decisions[i].reason, "not_selected");
  EXPECT_NEAR(total_weight(*result), 1.0, 1e-12);
}

TEST(Decisions, coordinate_rules_reject_rows_that_are_always_trimmed) {
  for (const char* name : {"trimmed_mean", "median"})
    for (const Detail detail : {Detail::kVerdict, Detail::kShares}) {
      const auto result = aggregate(name, {{"f", 3}}, twelve_and_three(1000), detail);
      for (size_t i = 0; i < 15; ++i) {
        const Decision& decision = result->decisions[i];
        EXPECT_EQ(decision.verdict, i < 12 ? Verdict::kAccepted : Verdict::kRejected) << name << i;
        EXPECT_EQ(decision.reason, i < 12 ? "" : "trimmed");
        EXPECT_TRUE(i < 12 ? decision.score > 0.5 : decision.score == 0.0);
      }
    }
}

TEST(Decisions, a_row_that_is_trimmed_in_most_columns_is_partial) {
  auto x = twelve_and_three(1000);
  for (size_t j = 0; j < 1000; ++j)
    if (j % 5 != 0) x[4][j] = -40;
  const auto result = aggregate("trimmed_mean", {{"f", 3}}, x, Detail::kShares);
  EXPECT_EQ(result->decisions[4].verdict, Verdict::kPartial);
  EXPECT_EQ(result->decisions[4].reason, "trimmed");
  EXPECT_LE(result->decisions[4].score, 0.2);
}

TEST(Decisions, sampled_scores_estimate_exact_ones) {
  for (const size_t n : {15u, 80u}) {
    const auto x = random_rows<float>(43, n, 20000, false);
    const auto sampled = aggregate("trimmed_mean", {{"f", 3}}, x);
    const auto exact = aggregate("trimmed_mean", {{"f", 3}}, x, Detail::kShares);
    for (size_t i = 0; i < n; ++i)  // 256 draws: five standard deviations are at most 0.16
      EXPECT_NEAR(sampled->decisions[i].score, exact->decisions[i].score, 0.16);
  }
}

TEST(Decisions, few_columns_are_all_sampled) {
  const auto x = random_rows<float>(44, 9, 30, true);
  const auto sampled = aggregate("trimmed_mean", {{"f", 2}}, x);
  const auto exact = aggregate("trimmed_mean", {{"f", 2}}, x, Detail::kShares);
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(sampled->decisions[i].score, exact->decisions[i].score);
}

TEST(Decisions, shares_reproduce_the_mean_of_each_rule_over_columns) {
  // Summed over columns, result = sum_i share_i * row_i holds when all columns are equal.
  for (const size_t n : {15u, 16u}) {
    Matrix<double> x(n, std::vector<double>(3));
    for (size_t i = 0; i < n; ++i) x[i].assign(3, std::pow(static_cast<double>(i), 1.5));
    const Dict f{{"f", 3}};
    for (const auto& [name, params] : std::vector<std::pair<const char*, Dict>>{{"mean", {}},
                                                                                {"median", {}},
                                                                                {"trimmed_mean", f},
                                                                                {"krum", f},
                                                                                {"multi_krum", f},
                                                                                {"bulyan", f}}) {
      const auto result = aggregate(name, params, x, Detail::kShares);
      EXPECT_NEAR(total_weight(*result), 1.0, 1e-12) << name;
      double combined = 0;
      for (size_t i = 0; i < n; ++i) combined += result->decisions[i].weight * x[i][0];
      EXPECT_NEAR(vector_of<double>(*result)[0], combined, 1e-12) << name << " n=" << n;
    }
  }
}

TEST(Decisions, verdicts_alone_carry_no_weights) {
  const auto x = twelve_and_three(50);
  for (const char* name : {"mean", "median", "trimmed_mean", "krum", "multi_krum", "bulyan"}) {
    Dict params;
    if (std::string_view(name) != "mean") params["f"] = 3;
    const auto result = aggregate(name, params, x);
    ASSERT_EQ(result->decisions.size(), 15u);
    for (const Decision& decision : result->decisions)
      EXPECT_TRUE(std::isnan(decision.weight)) << name;
  }
}

}  // namespace
}  // namespace bb::testing_rules
