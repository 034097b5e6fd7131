// Builds the catalogue of data sources from data.def.
#include "bb/parts/data/catalog.h"

namespace bb {
namespace data_parts {
#define BB_PART(name) Part<DataSource> part_##name();
#include "bb/parts/data/data.def"
#undef BB_PART
}  // namespace data_parts

const Catalog<DataSource>& data_sources() {
  static const Catalog<DataSource> catalog("data_sources", {
#define BB_PART(name) data_parts::part_##name(),
#include "bb/parts/data/data.def"
#undef BB_PART
                                                           });
  return catalog;
}

}  // namespace bb
