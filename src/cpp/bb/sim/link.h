// Link: latency, bandwidth and loss of one direction between two nodes, in virtual time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "bb/base/philox.h"

namespace bb::sim {

/// What a link does to every message.
struct LinkSpec {
  int64_t latency_ns = 0;
  double bandwidth_bps =
      std::numeric_limits<double>::infinity();  ///< bits per second; 0 never delivers
  double loss = 0.0;                            ///< probability in [0, 1] that a message vanishes
};

/// One direction of one pair: messages queue behind each other.
class Link {
 public:
  /// Loss draws come from Stream(seed, "link.loss", source lane, destination lane), one per
  /// message.
  Link(LinkSpec spec, uint64_t seed, uint64_t source_lane, uint64_t destination_lane)
      : spec_(spec), losses_(seed, "link.loss", source_lane, destination_lane) {}

  /// Arrival time of `bytes` sent now, or nothing when they are lost.
  std::optional<int64_t> transmit(int64_t now_ns, size_t bytes);
  const LinkSpec& spec() const { return spec_; }

 private:
  LinkSpec spec_;
  Stream losses_;
  int64_t busy_until_ns_ = 0;
};

}  // namespace bb::sim
