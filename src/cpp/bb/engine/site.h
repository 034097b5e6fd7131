// Site: what one node lends to the engine – identity, cells and components.
#pragma once

#include <memory>
#include <vector>

#include "bb/engine/plan.h"
#include "bb/roles/aggregator.h"
#include "bb/roles/data_source.h"
#include "bb/roles/peer_selector.h"

namespace bb::engine {

/// An installed component; exactly one of the role pointers is set.
struct Part {
  std::shared_ptr<Component> component;
  Aggregator* aggregator = nullptr;
  DataSource* data = nullptr;
  PeerSelector* selector = nullptr;
  uint64_t calls = 0;  ///< names the random stream of each call
  RuleState state;     ///< of stateful aggregation rules, from round to round
};

struct Site {
  PeerId self;
  uint64_t seed = 0;
  uint64_t lane = 0;
  std::vector<const Plan*> plans;  ///< installed targets
  std::vector<Tensor> cells;       ///< by the program's cell index; undefined where not used
  std::vector<Part> parts;         ///< by the program's slot index; empty where not used
};

/// The lane of a peer in random streams: its index, or a hash of an id that has none.
uint64_t lane_of(const PeerId& peer);

}  // namespace bb::engine
