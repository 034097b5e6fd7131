// PeerSelector role: which peers a node talks to.
#pragma once

#include "bb/roles/component.h"

namespace bb {

/// How many peers to draw: a count (n >= 0) or a fraction in (0, 1] (ceil(fraction·size)).
struct SampleRequest {
  int64_t n = -1;
  double fraction = 1.0;
};

class PeerSelector : public Component {
 public:
  std::string_view role() const final { return "PeerSelector"; }
  /// Every known peer, sorted.
  virtual Result<Peers> view(CallContext& context) = 0;
  /// A sorted sample without replacement.
  virtual Result<Peers> sample(CallContext& context, SampleRequest request) = 0;
  /// The peers adjacent to this node, sorted; view() unless the selector knows a topology.
  virtual Result<Peers> neighbours(CallContext& context) { return view(context); }
};

}  // namespace bb
