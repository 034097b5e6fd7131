// Checked views of shared arrays, and the draws of the batches a node trains on.
#pragma once

#include <memory>
#include <vector>

#include "bb/roles/data_source.h"

namespace bb {

/// A node's view of x (N, ...features) and y (N,): the rows `indices` (m,) int64.
///
/// Errors: DataError bad_dtype, shape_mismatch, empty_shard, index_out_of_range,
/// label_out_of_range or non_finite, each with the place, the value and the fix. Only the rows of
/// the view are read.
Result<std::shared_ptr<DataView>> make_view(Tensor x, Tensor y, Tensor indices, int64_t classes);

/// The places in [0, size) of batch number `step` of a node: `batch` draws with replacement by
/// Stream(seed, "data.batch", node, step).next_below(size), in order. size >= 1.
std::vector<int64_t> batch_indices(uint64_t seed, uint64_t node, uint64_t step, size_t batch,
                                   size_t size);

}  // namespace bb
