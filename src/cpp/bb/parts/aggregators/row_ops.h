// The kernels over rows for both dtypes, cut into the fixed chunks that make results thread-free.
#pragma once

#include <vector>

#include "bb/parts/aggregators/rule.h"

namespace bb::rules {

/// True when all d values of a row are finite.
bool all_finite(const void* row, DType dtype, size_t d);

/// Column-wise results of d values into `out`; the arithmetic is that of bb/kernels/columns.h.
void mean_of(const Rows& rows, void* out);
void median_of(const Rows& rows, void* out);
/// Drops the `trim` smallest and largest values of each column; 2 * trim < n.
void trimmed_mean_of(const Rows& rows, size_t trim, void* out);
/// Mean of the `keep` values closest to the median of each column, equally close ones by row;
/// 1 <= keep <= n.
void closest_mean_of(const Rows& rows, size_t keep, void* out);
/// Sum of weights[i] * row i; the weights are rounded to the rows' dtype.
void weighted_sum_of(const Rows& rows, std::span<const double> weights, void* out);

/// Squared Euclidean distances between all rows: n x n, symmetric, zero diagonal.
///
/// The kernel works in the rows' dtype; float32 pairs whose squares leave its range (overflow, or
/// distances so small that squares vanish) are computed again in double.
std::vector<double> squared_distances(const Rows& rows);

}  // namespace bb::rules
