// World: holding the colluders' sends until the honest ones are known, and releasing what replaces
// them.
#include "bb/sim/world.h"

namespace bb::sim {
namespace {

constexpr int64_t kRoundsRemembered = 4;

/// A data-poisoning peer that sends factor times its own vector.
class Amplifier final : public Attack {
 public:
  explicit Amplifier(double factor) : factor_(factor) {}
  AttackLevel level() const override { return AttackLevel::kUpdate; }
  Knowledge knowledge() const override { return Knowledge::kOwn; }
  Result<std::vector<AttackAction>> act(const AttackCall& call) const override {
    std::vector<AttackAction> actions;
    for (const Row& row : call.own) {
      AttackAction action;
      action.row = Tensor(call.dtype, {static_cast<int64_t>(call.d)});
      scale(row.data, action.row, call.d);
      actions.push_back(std::move(action));
    }
    return actions;
  }

 private:
  void scale(const void* x, Tensor& out, size_t d) const {
    if (out.dtype() == DType::kF32) {
      const auto* from = static_cast<const float*>(x);
      float* to = out.mutable_data<float>();
      for (size_t i = 0; i < d; ++i) to[i] = static_cast<float>(factor_) * from[i];
    } else {
      const auto* from = static_cast<const double*>(x);
      double* to = out.mutable_data<double>();
      for (size_t i = 0; i < d; ++i) to[i] = factor_ * from[i];
    }
  }
  double factor_;
};

}  // namespace

Status World::corrupt(const std::vector<PeerId>& peers, std::shared_ptr<const Attack> attack,
                      std::set<std::string> ports, std::shared_ptr<Aggregator> rule) {
  std::set<uint32_t> colluders;
  for (const PeerId& peer : peers) {
    BB_ASSIGN_OR_RETURN(const uint32_t index, index_of(peer));
    colluders.insert(index);
  }
  if (attack->level() == AttackLevel::kData) BB_RETURN_IF_ERROR(poison(colluders, *attack));
  corrupted_.insert(colluders.begin(), colluders.end());
  std::set<std::string> kinds;
  for (uint32_t index : colluders)
    for (const std::string& kind : nodes_[index].node->targets()) kinds.insert(kind);
  for (uint32_t i = 0; i < nodes_.size(); ++i)
    for (const std::string& kind : nodes_[i].node->targets())
      if (kinds.count(kind) != 0) watched_[i] = true;
  if (attack->level() == AttackLevel::kNone) return {};
  if (attack->level() == AttackLevel::kData) {
    if (attack->amplify() == 1.0) return {};
    attack = std::make_shared<Amplifier>(attack->amplify());
  }
  adversaries_.emplace_back(std::move(attack), std::move(colluders), std::move(ports),
                            options_.seed, adversaries_.size(), std::move(rule));
  return {};
}

Status World::poison(const std::set<uint32_t>& colluders, const Attack& attack) {
  for (uint32_t index : colluders) {
    size_t relabelled = 0;
    for (const auto& [slot, component] : nodes_[index].node->components()) {
      auto* source = dynamic_cast<DataSource*>(component);
      if (source == nullptr) continue;
      const Stream rng(options_.seed, "attack.labels", index);
      BB_RETURN_IF_ERROR(source->relabel(
          [&](const Tensor& y, int64_t classes) { return attack.poison_labels(y, classes, rng); }));
      ++relabelled;
    }
    if (relabelled == 0)
      return make_error(Fault::kConfig, "no_data_source", "a data attack needs a node with data",
                        peers_[index].text(), "corrupt peers that have a DataSource slot");
  }
  return {};
}

World::PortRule World::rule_of(const std::string& port) const {
  auto known = port_rules_.find(port);
  if (known != port_rules_.end()) return known->second;
  PortRule rule;
  std::set<const Program*> seen;
  for (const Slot& slot : nodes_) {
    const Program& program = *slot.node->program();
    if (!seen.insert(&program).second) continue;
    for (const std::string& target : program.targets()) {
      const engine::Plan* plan = program.plan(target);
      for (const engine::FramePlan& frame : plan->frames)
        for (const std::string& exported : frame.ports)
          if (exported == port)
            for (const engine::Op& op : frame.ops)
              if (op.code == engine::OpCode::kContribute) {
                const engine::GatherPlan& gather = plan->gathers[op.argument];
                rule.scope = gather.scope;
                if (gather.timeout_ns > 0) rule.timeout_ns = gather.timeout_ns;
              }
    }
  }
  port_rules_[port] = rule;
  return rule;
}

EnvelopeKey World::joined(const std::string& port, const EnvelopeKey& key) const {
  return rule_of(port).scope == engine::KeyScope::kRoot ? key : EnvelopeKey{PeerId(), 0, key.round};
}

void World::note_sent(uint32_t index, const Send& send) {
  const int64_t old = send.envelope.key.round - kRoundsRemembered;
  if (!sent_.empty() && sent_.begin()->first.second.round < old) {
    std::erase_if(sent_, [&](const auto& e) { return e.first.second.round < old; });
    std::erase_if(honest_rows_, [&](const auto& e) { return e.first.second.round < old; });
  }
  for (const Fill& fill : send.envelope.fills) {
    const PortKey key{fill.port, joined(fill.port, send.envelope.key)};
    sent_[key].insert(index);
    if (corrupted(index)) continue;
    if (const Tensor* tensor = std::get_if<Tensor>(&fill.value))
      honest_rows_[key].emplace(peers_[index], *tensor);
  }
}

bool World::ready(const HoldKey& hold) const {
  if (rule_of(hold.port).scope == engine::KeyScope::kRoot && in_flight_.count(hold.key) != 0)
    return false;
  auto sent = sent_.find({hold.port, hold.key});
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (!watched_[i] || (sent != sent_.end() && sent->second.count(i) != 0)) continue;
    if (nodes_[i].node->holds_frame(hold.key)) return false;
  }
  return true;
}

Status World::release_ready() {
  while (true) {
    auto next = std::find_if(holds_.begin(), holds_.end(),
                             [&](const auto& hold) { return ready(hold.first); });
    if (next == holds_.end()) return {};
    BB_RETURN_IF_ERROR(release(next->first));
  }
}

Status World::release_overdue() {
  while (true) {
    auto next = std::find_if(holds_.begin(), holds_.end(),
                             [&](const auto& hold) { return hold.second.deadline_ns <= now_ns_; });
    if (next == holds_.end()) return {};
    BB_RETURN_IF_ERROR(release(next->first));
  }
}

Status World::release(HoldKey key) {
  std::vector<HeldSend> held = std::move(holds_[key].sends);
  holds_.erase(key);
  return act(key.adversary, key.port, std::move(held), key.key);
}

const Tensor* World::params_of(uint32_t index) const {
  const Node& node = *nodes_[index].node;
  for (const auto& [slot, binding] : node.program()->bindings().as_dict())
    if (const Tensor* params = node.cell(slot, "params")) return params;
  return nullptr;
}

Status World::act(size_t adversary, const std::string& port, std::vector<HeldSend> held,
                  const EnvelopeKey& key) {
  static const std::map<PeerId, Tensor> kNothing;
  auto honest = honest_rows_.find({port, key});
  std::vector<std::pair<uint32_t, size_t>> before;
  for (const HeldSend& h : held) before.emplace_back(h.node, h.send.bytes);
  const Tensor* params = params_of(held.front().node);
  BB_ASSIGN_OR_RETURN(
      std::vector<ReleasedSend> released,
      adversaries_[adversary].act(port, std::move(held),
                                  honest == honest_rows_.end() ? kNothing : honest->second, peers_,
                                  params));
  for (const auto& [node, bytes] : before)
    if (std::none_of(released.begin(), released.end(),
                     [&, n = node](const ReleasedSend& r) { return r.node == n; }))
      trace_.add({now_ns_, "withhold", node, node, port, bytes, {}});
  for (ReleasedSend& r : released) {
    if (r.replaced) trace_.add({now_ns_, "replace", r.node, r.node, port, r.send.bytes, {}});
    transmit(r.node, std::move(r.send), true, r.delay_ns);
  }
  return {};
}

}  // namespace bb::sim
