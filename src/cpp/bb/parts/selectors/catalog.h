// The catalogue of peer selectors.
#pragma once

#include "bb/base/catalog.h"
#include "bb/roles/peer_selector.h"

namespace bb {

/// Every selector of selectors.def. Made once; safe to use from any thread.
const Catalog<PeerSelector>& selectors();

}  // namespace bb
