// The catalogue of attacks.
#pragma once

#include "bb/base/catalog.h"
#include "bb/roles/attack.h"

namespace bb {

/// Every attack of attacks.def. Made once; safe to use from any thread.
const Catalog<Attack>& attacks();

}  // namespace bb
