// none: Byzantine peers that behave honestly, the reference of every comparison.
#include "bb/parts/attacks/common.h"

namespace bb::attack_parts {
namespace {

class None final : public Attack {
 public:
  AttackLevel level() const override { return AttackLevel::kNone; }
};

}  // namespace

Part<Attack> part_none() {
  Descriptor info;
  info.name = "none";
  info.summary = "No attack: every peer sends its own honest vector.";
  info.formula = "b = own";
  info.cost = "O(d)";
  return attack_part(std::move(info), "none", "own",
                     [](const Config&) -> Result<std::shared_ptr<Attack>> {
                       return std::shared_ptr<Attack>(std::make_shared<None>());
                     });
}

}  // namespace bb::attack_parts
