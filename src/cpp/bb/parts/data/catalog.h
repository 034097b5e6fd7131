// The catalogue of data sources.
#pragma once

#include "bb/base/catalog.h"
#include "bb/roles/data_source.h"

namespace bb {

/// Every data source of data.def. Made once; safe to use from any thread.
const Catalog<DataSource>& data_sources();

}  // namespace bb
