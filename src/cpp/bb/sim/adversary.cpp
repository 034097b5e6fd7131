// Adversary: builds the attack's view of a round and turns its actions into sends.
#include "bb/sim/adversary.h"

#include <algorithm>

namespace bb::sim {
namespace {

Fill* fill_of(Envelope& envelope, const std::string& port) {
  for (Fill& fill : envelope.fills)
    if (fill.port == port) return &fill;
  return nullptr;
}

constexpr int64_t kLongestDelay = int64_t{1} << 60;  // about 36 years: no sum of times overflows

bool can_attack(const Tensor& t) { return t.dtype() == DType::kF32 || t.dtype() == DType::kF64; }

Error bad_attack(std::string message, std::string value, std::string hint) {
  return make_error(Fault::kConfig, "bad_attack", std::move(message), std::move(value),
                    std::move(hint));
}

Status check(const AttackAction& action) {
  if (action.delay_ns < 0 || action.delay_ns > kLongestDelay)
    return bad_attack("an attack returned an impossible delay", std::to_string(action.delay_ns),
                      "delays are nanoseconds from 0 to " + std::to_string(kLongestDelay));
  if (action.kind == AttackAction::Kind::kReplace && !action.row.defined())
    return bad_attack("an attack replaced a row by nothing", "", "drop it, or return a tensor");
  return {};
}

/// A made row in the shape of the value it replaces, when the sizes agree.
Tensor shaped_like(Tensor row, const Tensor& own) {
  return row.size() == own.size() && row.shape() != own.shape() ? row.reshaped(own.shape())
                                                                : std::move(row);
}

Row row_of(const PeerId& peer, const Tensor& tensor) { return {peer, tensor.raw()}; }

}  // namespace

std::string Adversary::controlled_port(const Envelope& envelope) const {
  for (const Fill& fill : envelope.fills)
    if (ports_.empty() || ports_.count(fill.port) != 0) return fill.port;
  return {};
}

Result<Tensor> Adversary::defend(const AttackCall& call, std::span<const Row> rows) const {
  AggregateInput input;
  input.dtype = call.dtype;
  input.d = call.d;
  input.rows.assign(rows.begin(), rows.end());
  CallContext context;
  context.key.round = call.round;
  BB_ASSIGN_OR_RETURN(const std::shared_ptr<const Aggregation> made,
                      rule_->aggregate(context, input));
  return made->vector;
}

Result<std::vector<ReleasedSend>> Adversary::act(const std::string& port,
                                                 std::vector<HeldSend> held,
                                                 const std::map<PeerId, Tensor>& honest,
                                                 const std::vector<PeerId>& peers,
                                                 const Tensor* params) {
  std::sort(held.begin(), held.end(), [&](const HeldSend& a, const HeldSend& b) {
    return std::tie(peers[a.node], a.send.to) < std::tie(peers[b.node], b.send.to);
  });
  AttackCall call;
  call.f = held.size();
  call.round = held.front().send.envelope.key.round;
  call.state = &state_;
  call.params = params;
  if (rule_ != nullptr && attack_->knowledge() == Knowledge::kRule)
    call.rule = [&](std::span<const Row> rows) { return defend(call, rows); };
  call.rng = Stream(seed_, "attack", index_, calls_++);
  std::vector<HeldSend*> tensors;
  for (HeldSend& h : held) {
    Fill* fill = fill_of(h.send.envelope, port);
    const Tensor* own = std::get_if<Tensor>(&fill->value);
    if (own == nullptr || !can_attack(*own)) continue;
    if (!tensors.empty() &&
        (own->dtype() != call.dtype || static_cast<size_t>(own->size()) != call.d))
      return bad_attack("the colluders' rows differ in type or size",
                        own->text() + " at " + peers[h.node].text(),
                        "corrupt one port at a time: ports=[...]");
    call.dtype = own->dtype();
    call.d = static_cast<size_t>(own->size());
    call.own.push_back(row_of(peers[h.node], *own));
    tensors.push_back(&h);
  }
  if (holds())
    for (const auto& [peer, tensor] : honest)
      if (tensor.dtype() == call.dtype && static_cast<size_t>(tensor.size()) == call.d)
        call.honest.push_back(row_of(peer, tensor));
  call.n = call.honest.size() + call.f;
  std::vector<ReleasedSend> released;
  if (tensors.size() != held.size()) {  // nothing to compute on: pass untouched
    for (HeldSend& h : held) released.push_back({h.node, std::move(h.send), 0, false});
    return released;
  }
  BB_ASSIGN_OR_RETURN(std::vector<AttackAction> actions, attack_->act(call));
  if (actions.size() != held.size())
    return bad_attack("an attack returned the wrong number of rows", std::to_string(actions.size()),
                      "return one action per held send: " + std::to_string(held.size()));
  for (size_t i = 0; i < held.size(); ++i) {
    AttackAction& action = actions[i];
    BB_RETURN_IF_ERROR(check(action));
    switch (action.kind) {
      case AttackAction::Kind::kDrop:
        break;
      case AttackAction::Kind::kReplace: {
        Send send = std::move(held[i].send);
        Fill* fill = fill_of(send.envelope, port);
        fill->value = shaped_like(std::move(action.row), std::get<Tensor>(fill->value));
        send.bytes = encoded_size(send.envelope);
        released.push_back({held[i].node, std::move(send), action.delay_ns, true});
        break;
      }
      case AttackAction::Kind::kDelay:
        released.push_back({held[i].node, std::move(held[i].send), action.delay_ns, false});
        break;
      case AttackAction::Kind::kDuplicate:
        released.push_back({held[i].node, held[i].send, 0, false});
        released.push_back({held[i].node, std::move(held[i].send), action.delay_ns, false});
        break;
    }
  }
  return released;
}

}  // namespace bb::sim
