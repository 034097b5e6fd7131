// Verdicts by membership or by weight.
#include "bb/parts/aggregators/judge.h"

namespace bb::rules {

void judge_selection(const RuleCall& call, std::span<const size_t> chosen, RowOutcome refused,
                     std::span<const double> scores, std::span<RowOutcome> outcomes) {
  const bool shares = call.detail == Detail::kShares;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i] = refused;
    if (!scores.empty()) outcomes[i].score = scores[i];
    if (shares) outcomes[i].weight = 0;
  }
  for (const size_t i : chosen) {
    outcomes[i].verdict = Verdict::kAccepted;
    outcomes[i].reason = "";
    if (shares) outcomes[i].weight = 1.0 / static_cast<double>(chosen.size());
  }
}

void judge_weights(const RuleCall& call, std::span<const double> weights, RowOutcome refused,
                   std::span<const double> scores, std::span<RowOutcome> outcomes) {
  const double equal_share = 1.0 / static_cast<double>(outcomes.size());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    RowOutcome& row = outcomes[i];
    row = {};
    if (weights[i] < equal_share / 2) {
      row.verdict = weights[i] < equal_share / 10 ? Verdict::kRejected : Verdict::kPartial;
      row.reason = refused.reason;
    }
    if (!scores.empty()) row.score = scores[i];
    if (call.detail == Detail::kShares) row.weight = weights[i];
  }
}

}  // namespace bb::rules
