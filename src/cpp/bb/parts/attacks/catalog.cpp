// Builds the catalogue of attacks from attacks.def.
#include "bb/parts/attacks/catalog.h"

namespace bb {
namespace attack_parts {
#define BB_PART(name) Part<Attack> part_##name();
#include "bb/parts/attacks/attacks.def"
#undef BB_PART
}  // namespace attack_parts

const Catalog<Attack>& attacks() {
  static const Catalog<Attack> catalog("attacks", {
#define BB_PART(name) attack_parts::part_##name(),
#include "bb/parts/attacks/attacks.def"
#undef BB_PART
                                                  });
  return catalog;
}

}  // namespace bb
