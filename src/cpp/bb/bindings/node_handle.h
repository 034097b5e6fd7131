// NodeHandle: a node as Python holds it – one user at a time, and read-only once a world drives it.
#pragma once

#include <atomic>
#include <memory>

#include "bb/bindings/errors.h"
#include "bb/node/node.h"

namespace bb::bindings {

struct NodeHandle {
  std::shared_ptr<Node> node;
  std::shared_ptr<std::atomic<bool>> busy = std::make_shared<std::atomic<bool>>(false);
  bool in_world = false;
  int64_t now_ns = 0;
};

/// Marks a node as in use; a second thread gets HostError node_busy instead of a race.
class NodeUse {
 public:
  explicit NodeUse(NodeHandle& handle) : busy_(handle.busy) {
    if (handle.in_world)
      raise(make_error(Fault::kHost, "node_in_world", "a world drives this node",
                       handle.node->peer().text(), "use the world's methods, or read its state"));
    if (busy_->exchange(true))
      raise(make_error(Fault::kHost, "node_busy", "another thread is using this node",
                       handle.node->peer().text(), "a node belongs to one thread at a time"));
  }
  ~NodeUse() { busy_->store(false); }
  NodeUse(const NodeUse&) = delete;
  NodeUse& operator=(const NodeUse&) = delete;

 private:
  std::shared_ptr<std::atomic<bool>> busy_;
};

}  // namespace bb::bindings
