// sign_flip: send the opposite of the honest mean, or of one's own honest vector.
#include "bb/parts/attacks/common.h"

namespace bb::attack_parts {
namespace {

class SignFlip final : public Attack {
 public:
  SignFlip(bool own, double scale) : own_(own), scale_(scale) {}
  AttackLevel level() const override { return AttackLevel::kUpdate; }
  Knowledge knowledge() const override { return own_ ? Knowledge::kOwn : Knowledge::kHonest; }

  Result<std::vector<AttackAction>> act(const AttackCall& call) const override {
    if (call.f == 0) return std::vector<AttackAction>{};
    if (own_) return flip_own(call);
    BB_ASSIGN_OR_RETURN(const Tensor mean, honest_mean(call, "sign_flip"));
    return all_send(scaled_sum({}, -scale_, mean), call.f);
  }

 private:
  Result<std::vector<AttackAction>> flip_own(const AttackCall& call) const {
    BB_RETURN_IF_ERROR(check_dtype(call, "sign_flip"));
    if (call.own.size() != call.f)
      return make_error(Fault::kData, "no_own_rows",
                        "sign_flip with form=own needs the honest vector of every colluder",
                        std::to_string(call.own.size()) + " of " + std::to_string(call.f),
                        "give own=, or use form=mean", "attacks.sign_flip");
    BB_ASSIGN_OR_RETURN(std::vector<AttackAction> actions, Attack::act(call));
    for (AttackAction& action : actions) action.row = scaled_sum({}, -scale_, action.row);
    return actions;
  }

  bool own_;
  double scale_;
};

}  // namespace

Part<Attack> part_sign_flip() {
  Descriptor info;
  info.name = "sign_flip";
  info.summary = "Sends the honest mean, or its own honest vector, with the sign turned.";
  info.formula = "form=mean: b = -scale * mu;  form=own: b_i = -scale * own_i";
  info.paper =
      "Li, Xu, Chen, Giannakis, Ling: RSA: Byzantine-Robust Stochastic Aggregation Methods, "
      "AAAI 2019";
  info.params = {{.name = "form",
                  .type = ParamType::kString,
                  .fallback = "mean",
                  .doc = "what is flipped: the mean of the honest vectors or the own vector",
                  .choices = {"mean", "own"}},
                 {.name = "scale",
                  .type = ParamType::kFloat,
                  .fallback = 1.0,
                  .doc = "factor on the flipped vector"}};
  info.cost = "O(hd)";
  info.extra["knowledge_if"]["form=own"] = "own";
  return attack_part(std::move(info), "update", "honest",
                     [](const Config& params) -> Result<std::shared_ptr<Attack>> {
                       return std::shared_ptr<Attack>(std::make_shared<SignFlip>(
                           params.get("form") == Config("own"), params.get("scale").as_number()));
                     });
}

}  // namespace bb::attack_parts
