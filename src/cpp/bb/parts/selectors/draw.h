// What selectors share: peer lists from configuration and samples without replacement.
#pragma once

#include "bb/base/descriptor.h"
#include "bb/roles/peer_selector.h"

namespace bb {

/// A selector's list of peers from parameter "peers": integers (from_int ids) or texts; sorted.
/// Errors: ConfigError bad_parameter on a repeated peer or another type, bad_peer_id.
Result<std::vector<PeerId>> peers_of(const Config& params);
/// Declares `peers`.
Param peers_param();

/// A sorted sample without replacement from sorted `peers`: the first k places of a Fisher-Yates
/// shuffle with stream(seed, "peers.sample", node, call), drawing place i from [i, size).
/// Errors: ConfigError bad_sample when more peers are asked for than there are.
Result<Peers> draw_sample(const CallContext& context, const Peers& peers, SampleRequest request);

/// `peers` without the calling node.
Peers without_self(const std::vector<PeerId>& peers, const PeerId& self);

}  // namespace bb
