// Value: everything that can flow along an edge of a graph; cloning is O(1).
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "bb/tensor/tensor.h"
#include "bb/wire/peer_id.h"

namespace bb {

/// A signal without data.
struct Trigger {
  friend bool operator==(Trigger, Trigger) = default;
};
/// A sorted, shared list of peers.
using Peers = std::shared_ptr<const std::vector<PeerId>>;

/// A value that never leaves its process (a gather's rows, an aggregation's decisions).
struct Object {
  virtual ~Object() = default;
  virtual std::string_view kind() const = 0;
};

using Value = std::variant<std::monostate, Trigger, Tensor, PeerId, Peers, std::string,
                           std::shared_ptr<const Object>>;

/// Payload bytes as charged to budgets and links.
size_t byte_size(const Value& value);
/// Same kind and same contents (tensors by bytes); Objects by identity.
bool same_value(const Value& a, const Value& b);
/// "float32(4810)", "trigger", "peers(15)" ...
std::string text_of(const Value& value);

}  // namespace bb
