// silent: Byzantine peers send nothing.
#include "bb/parts/attacks/common.h"

namespace bb::attack_parts {
namespace {

class Silent final : public Attack {
 public:
  AttackLevel level() const override { return AttackLevel::kWire; }

  Result<std::vector<AttackAction>> act(const AttackCall& call) const override {
    return std::vector<AttackAction>(call.f, AttackAction{AttackAction::Kind::kDrop, Tensor(), 0});
  }
};

}  // namespace

Part<Attack> part_silent() {
  Descriptor info;
  info.name = "silent";
  info.summary = "Drops every message, so that the others wait for nothing.";
  info.formula = "no message";
  info.cost = "O(1)";
  return attack_part(std::move(info), "wire", "none",
                     [](const Config&) -> Result<std::shared_ptr<Attack>> {
                       return std::shared_ptr<Attack>(std::make_shared<Silent>());
                     });
}

}  // namespace bb::attack_parts
