// Builds the catalogue of peer selectors from selectors.def.
#include "bb/parts/selectors/catalog.h"

namespace bb {
namespace selector_parts {
#define BB_PART(name) Part<PeerSelector> part_##name();
#include "bb/parts/selectors/selectors.def"
#undef BB_PART
}  // namespace selector_parts

const Catalog<PeerSelector>& selectors() {
  static const Catalog<PeerSelector> catalog("selectors", {
#define BB_PART(name) selector_parts::part_##name(),
#include "bb/parts/selectors/selectors.def"
#undef BB_PART
                                                          });
  return catalog;
}

}  // namespace bb
