// Look-ups in plans and the check of values against declared types.
#include "bb/engine/plan.h"

namespace bb::engine {

const FramePlan* Plan::receiver(uint32_t group) const {
  for (const FramePlan& frame : frames) {
    if (!frame.entry && frame.group == group) return &frame;
  }
  return nullptr;
}

namespace {

bool tensor_matches(const ir::Type& type, const Tensor& tensor) {
  if (!tensor.defined()) return false;
  if (type.dtype != DType::kUndefined && type.dtype != tensor.dtype()) return false;
  if (!type.shape.has_value()) return true;
  const Shape& shape = tensor.shape();
  if (shape.size() != type.shape->size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const ir::Dim& dim = (*type.shape)[i];
    if (dim.known() && dim.value != shape[i]) return false;
  }
  return true;
}

bool object_matches(std::string_view kind, const Value& value) {
  const auto* object = std::get_if<std::shared_ptr<const Object>>(&value);
  return object != nullptr && *object != nullptr && (*object)->kind() == kind;
}

}  // namespace

bool matches(const ir::Type& type, const Value& value) {
  switch (type.kind) {
    case ir::Kind::kAny:
      return !std::holds_alternative<std::monostate>(value);
    case ir::Kind::kTensor: {
      const auto* tensor = std::get_if<Tensor>(&value);
      return tensor != nullptr && tensor_matches(type, *tensor);
    }
    case ir::Kind::kTrigger:
      return std::holds_alternative<Trigger>(value);
    case ir::Kind::kPeer:
      return std::holds_alternative<PeerId>(value);
    case ir::Kind::kPeers: {
      const auto* peers = std::get_if<Peers>(&value);
      return peers != nullptr && *peers != nullptr;
    }
    case ir::Kind::kArrived:
      return object_matches("arrived", value);
    case ir::Kind::kDecisions:
      return object_matches("aggregation", value);
    case ir::Kind::kBytes:
      return std::holds_alternative<std::string>(value);
  }
  return false;
}

}  // namespace bb::engine
