// Component: what every installed part of a node has in common, and the context a call sees.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "bb/base/config.h"
#include "bb/base/philox.h"
#include "bb/wire/envelope.h"
#include "bb/wire/value.h"

namespace bb {

/// What a component may see and do during one call.
struct CallContext {
  PeerId self;
  EnvelopeKey key;     ///< (root peer, root execution, round) of the calling frame
  int64_t now_ns = 0;  ///< the node's clock
  uint64_t seed = 0;   ///< the node's RNG key; the same for every node of one experiment
  uint64_t node_lane =
      0;              ///< distinguishes nodes in streams: the index of a from_int id, else a hash
  uint64_t call = 0;  ///< how many times this component was called before, on this node
  /// Publishes a typed event to the host (Steps.events).
  std::function<void(std::string topic, Value payload)> publish;

  /// The Philox stream (seed, purpose, node, call).
  Stream stream(std::string_view purpose) const { return Stream(seed, purpose, node_lane, call); }
};

/// Objects a node gets by reference at install (a data set view, a Python object).
struct Resource {
  virtual ~Resource() = default;
  /// SHA-256 hex of the contents; joins the run's digest.
  virtual std::string digest() const = 0;
};

/// An installed part. Not thread-safe: a node belongs to one thread.
class Component {
 public:
  virtual ~Component() = default;
  /// "DataSource", "PeerSelector", "Aggregator", ...
  virtual std::string_view role() const = 0;
  /// Takes the object the host passed for this slot. Errors: ConfigError unexpected_resource by
  /// default.
  virtual Status attach(std::shared_ptr<const Resource> resource);
};

}  // namespace bb
