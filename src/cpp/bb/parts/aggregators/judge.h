// Words the outcomes of rules that average chosen rows or weigh every row.
#pragma once

#include "bb/parts/aggregators/rule.h"

namespace bb::rules {

/// Chosen rows share the weight equally, the others get `refused`. `scores` has one number per row
/// or none.
void judge_selection(const RuleCall& call, std::span<const size_t> chosen, RowOutcome refused,
                     std::span<const double> scores, std::span<RowOutcome> outcomes);

/// Judges weights that add up to 1 (or are all 0) against the share 1/n of an average row: below a
/// tenth of it rejected, below a half partial, both for the reason of `refused`; else accepted.
void judge_weights(const RuleCall& call, std::span<const double> weights, RowOutcome refused,
                   std::span<const double> scores, std::span<RowOutcome> outcomes);

/// max(1, n - taken): how many rows are kept, defined also where the precondition fails.
inline size_t kept_count(size_t n, size_t taken) { return n > taken ? n - taken : 1; }

}  // namespace bb::rules
