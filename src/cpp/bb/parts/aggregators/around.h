// Means of the values nearest a centre in every column, in double: meamed and phocas.
#pragma once

#include "bb/parts/aggregators/rule.h"

namespace bb::rules {

/// Which values of a column count: the `keep` nearest to its median, or to its mean without the
/// `trim` smallest and largest values. Equally near ones rank by row.
struct Around {
  enum class Centre : uint8_t { kMedian, kTrimmedMean } centre = Centre::kMedian;
  size_t trim = 0;  ///< kTrimmedMean only; 2 * trim < n
  size_t keep = 1;  ///< 1 <= keep <= n
};

/// Mean of those values per column; finite whenever the rows are.
void mean_around(const Rows& rows, Around around, void* out);

/// Scores each row with the fraction of columns in which it counts, exactly for Detail::kShares and
/// on a sample otherwise, and judges it as judge_trimmed does. Sets the weights for kShares.
void judge_around(const RuleCall& call, Around around, std::span<RowOutcome> outcomes);

}  // namespace bb::rules
