// The defaults of attacks: where an attack does not act, peers stay honest.
#include "bb/roles/attack.h"

namespace bb {

Result<std::vector<AttackAction>> Attack::act(const AttackCall& call) const {
  std::vector<AttackAction> actions;
  actions.reserve(call.own.size());
  for (const Row& row : call.own) {
    Tensor copy(call.dtype, {static_cast<int64_t>(call.d)});
    std::memcpy(copy.mutable_raw(), row.data, copy.bytes());
    actions.push_back({AttackAction::Kind::kReplace, std::move(copy), 0});
  }
  return actions;
}

Result<Tensor> Attack::poison_labels(const Tensor& y, int64_t, Stream) const { return y; }

}  // namespace bb
