// Memory placement: views share their source, concatenated pieces are computed in place, the rest
// is packed by liveness.
#pragma once

#include <memory>
#include <vector>

#include "bb/parts/backends/plan.h"

namespace bb::cpu {

/// How a value relates to others: itself, or a view into `source` at `offset` bytes.
struct View {
  size_t source;
  size_t offset;
  std::shared_ptr<std::vector<size_t>> concat;  ///< pieces laid side by side in this value
};

/// Drops steps nothing needs and fills plan.locations and plan.workspace_bytes.
void place(Plan& plan, const std::vector<View>& views);

}  // namespace bb::cpu
