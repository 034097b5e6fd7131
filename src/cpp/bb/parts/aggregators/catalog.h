// The catalogue of aggregation rules.
#pragma once

#include "bb/base/catalog.h"
#include "bb/roles/aggregator.h"

namespace bb {

/// Every rule of aggregators.def. Made once; safe to use from any thread.
const Catalog<Aggregator>& aggregators();

}  // namespace bb
