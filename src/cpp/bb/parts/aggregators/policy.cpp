// Reads policies from parameters and applies them around a rule.
#include "bb/parts/aggregators/policy.h"

#include "bb/parts/aggregators/catalog.h"
#include "bb/parts/aggregators/row_ops.h"

namespace bb::rules {
namespace {

constexpr std::string_view kFallback = "fallback:";

// --- parameters ---------------------------------------------------------------------------------

Result<std::shared_ptr<const Rule>> fallback_rule(const Rule& rule, std::string_view text) {
  BB_ASSIGN_OR_RETURN(Spec spec, parse_spec(text));
  BB_ASSIGN_OR_RETURN(const Part<Aggregator>* part, aggregators().find(spec.name));
  bool takes_f = false;
  for (const Param& param : part->info.params) takes_f = takes_f || param.name == "f";
  if (takes_f && !spec.params.has("f") && rule.f() >= 0) spec.params["f"] = rule.f();
  BB_ASSIGN_OR_RETURN(std::shared_ptr<Aggregator> made, aggregators().make(spec.name, spec.params));
  const auto* wrapped = dynamic_cast<const RuleAggregator*>(made.get());
  BB_CHECK(wrapped != nullptr);
  return wrapped->rule();
}

// --- rows ---------------------------------------------------------------------------------------

/// One peer of the round.
struct Slot {
  enum class Kind : uint8_t { kArrived, kNonFinite, kStandIn, kAbsent } kind = Kind::kArrived;
  const PeerId* peer = nullptr;
  const void* data = nullptr;  ///< null unless the row takes part
  const std::string* why = nullptr;
  double weight = 0;
  bool takes_part() const { return kind == Kind::kArrived || kind == Kind::kStandIn; }
};

Status check_input(const Rule& rule, const AggregateInput& input) {
  const std::string where = "aggregators." + rule.name();
  if (input.dtype != DType::kF32 && input.dtype != DType::kF64)
    return make_error(Fault::kData, "bad_dtype", "rows must be float32 or float64",
                      std::string(name_of(input.dtype)), "convert the rows to float32", where);
  if (input.rows.empty() && input.missing.empty())
    return make_error(Fault::kPrecondition, "no_rows", "there is nothing to aggregate", "n=0",
                      "give at least one row", where);
  if (input.d == 0)
    return make_error(Fault::kData, "empty_rows", "rows must hold at least one value", "d=0",
                      "give rows with d >= 1 values", where);
  if (!input.missing_why.empty() && input.missing_why.size() != input.missing.size())
    return make_error(Fault::kHost, "bad_call", "one reason per missing peer is wanted",
                      std::to_string(input.missing_why.size()) + " reasons, " +
                          std::to_string(input.missing.size()) + " missing peers",
                      "leave missing_why empty or give one per peer", where);
  if (input.own &&
      (input.own->dtype() != input.dtype || input.own->size() != static_cast<int64_t>(input.d)))
    return make_error(
        Fault::kData, "shape_mismatch", "the receiver's own vector does not fit the rows",
        input.own->text(),
        "give " + std::string(name_of(input.dtype)) + "(" + std::to_string(input.d) + ")", where);
  return {};
}

const std::string& default_why() {
  static const std::string why = "missing";
  return why;
}

double mean_weight(const AggregateInput& input) {
  double total = 0;
  for (size_t i = 0; i < input.rows.size(); ++i) total += input.weights[i];
  return input.rows.empty() ? 1.0 : total / static_cast<double>(input.rows.size());
}

/// All peers by id; `stand_in` is the row of absent peers, null when they have none.
std::vector<Slot> slots_of(const AggregateInput& input, const void* stand_in) {
  std::vector<Slot> slots;
  slots.reserve(input.rows.size() + input.missing.size());
  const double absent_weight = input.weights && stand_in ? mean_weight(input) : 0;
  size_t row = 0;
  size_t gone = 0;
  while (row < input.rows.size() || gone < input.missing.size()) {
    if (gone == input.missing.size() ||
        (row < input.rows.size() && input.rows[row].peer < input.missing[gone])) {
      const double weight = input.weights ? input.weights[row] : 0;
      slots.push_back(
          {Slot::Kind::kArrived, &input.rows[row].peer, input.rows[row].data, nullptr, weight});
      ++row;
    } else {
      const std::string* why =
          input.missing_why.empty() ? &default_why() : &input.missing_why[gone];
      slots.push_back({stand_in ? Slot::Kind::kStandIn : Slot::Kind::kAbsent, &input.missing[gone],
                       stand_in, why, absent_weight});
      ++gone;
    }
  }
  return slots;
}

/// DataError duplicate_sender unless every peer occurs once and both lists are sorted.
Status check_order(const std::vector<Slot>& slots) {
  for (size_t i = 1; i < slots.size(); ++i)
    if (!(*slots[i - 1].peer < *slots[i].peer))
      return make_error(Fault::kData, "duplicate_sender",
                        "every peer sends one row, and rows are sorted by peer",
                        "peer " + slots[i].peer->text(), "give each peer one row", "aggregators");
  return {};
}

/// Marks rows with non-finite values; returns how many there are.
size_t screen(std::vector<Slot>& slots, DType dtype, size_t d) {
  size_t bad = 0;
  for (Slot& slot : slots) {
    if (slot.kind != Slot::Kind::kArrived || all_finite(slot.data, dtype, d)) continue;
    slot.kind = Slot::Kind::kNonFinite;
    ++bad;
  }
  return bad;
}

std::string peers_text(const std::vector<Slot>& slots) {
  constexpr size_t kMostNamed = 8;
  std::string text;
  size_t named = 0;
  for (const Slot& slot : slots) {
    if (slot.kind != Slot::Kind::kNonFinite) continue;
    if (++named > kMostNamed) return text + ", ...";
    text += (text.empty() ? "" : ", ") + slot.peer->text();
  }
  return text;
}

Error too_many_nonfinite(const Rule& rule, const std::vector<Slot>& slots, size_t bad) {
  const std::string limit = rule.f() < 0 ? "all rows have non-finite values"
                                         : "f=" + std::to_string(rule.f()) + " allows " +
                                               std::to_string(rule.f()) + " non-finite rows, " +
                                               std::to_string(bad) + " of " +
                                               std::to_string(slots.size()) + " have them";
  return make_error(Fault::kPrecondition, "too_many_nonfinite", rule.name() + ": " + limit,
                    "peers " + peers_text(slots),
                    rule.f() < 0 ? "find out why the senders diverged"
                                 : "raise f, or find out why the senders diverged",
                    "aggregators." + rule.name());
}

// --- results ------------------------------------------------------------------------------------

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<const Aggregation> skipped(const AggregateInput& input,
                                           const std::vector<Slot>& slots, std::string reason) {
  auto out = std::make_shared<Aggregation>();
  out->vector = Tensor::zeros(input.dtype, {static_cast<int64_t>(input.d)});
  out->skipped = true;
  out->skip_reason = std::move(reason);
  out->state = input.state;
  const double weight = input.detail == Detail::kShares ? 0.0 : kNaN;
  out->decisions.reserve(slots.size());
  for (const Slot& slot : slots) {
    const std::string why = slot.why                              ? *slot.why
                            : slot.kind == Slot::Kind::kNonFinite ? "non_finite"
                                                                  : "round_skipped";
    out->decisions.push_back({*slot.peer, Verdict::kRejected, why, kNaN, weight});
  }
  return out;
}

void decide(const std::vector<Slot>& slots, const std::vector<RowOutcome>& outcomes, Detail detail,
            std::vector<Decision>& decisions) {
  const double nothing = detail == Detail::kShares ? 0.0 : kNaN;
  decisions.reserve(slots.size());
  size_t next = 0;
  for (const Slot& slot : slots) {
    if (!slot.takes_part()) {
      decisions.push_back(
          {*slot.peer, Verdict::kRejected, slot.why ? *slot.why : "non_finite", kNaN, nothing});
      continue;
    }
    const RowOutcome& row = outcomes[next++];
    const bool arrived = slot.kind == Slot::Kind::kArrived;
    decisions.push_back({*slot.peer, arrived ? row.verdict : Verdict::kRejected,
                         arrived ? row.reason : *slot.why, row.score, row.weight});
  }
}

Result<std::shared_ptr<const Aggregation>> apply(const Rule& rule, const AggregateInput& input,
                                                 const std::vector<Slot>& slots, size_t bad) {
  std::vector<const void*> data;
  std::vector<double> weights;
  data.reserve(slots.size());
  for (const Slot& slot : slots) {
    if (!slot.takes_part()) continue;
    data.push_back(slot.data);
    if (input.weights) weights.push_back(slot.weight);
  }
  auto out = std::make_shared<Aggregation>();
  out->vector = Tensor(input.dtype, {static_cast<int64_t>(input.d)});
  out->state = input.state;
  std::vector<RowOutcome> outcomes(data.size());
  const size_t f = rule.f() < 0 ? 0 : static_cast<size_t>(rule.f()) - bad;
  RuleResult result{out->vector.mutable_raw(), outcomes, {}};
  BB_RETURN_IF_ERROR(rule.apply(
      {{input.dtype, input.d, data}, f, input.weights ? weights.data() : nullptr, input.detail},
      result));
  out->stats = std::move(result.stats);
  out->stats["n"] = data.size();
  if (rule.f() >= 0) out->stats["f"] = f;
  decide(slots, outcomes, input.detail, out->decisions);
  return std::shared_ptr<const Aggregation>(std::move(out));
}

const void* zero_row(size_t bytes) {
  thread_local std::vector<double> zeros;
  if (zeros.size() * sizeof(double) < bytes) zeros.assign(bytes / sizeof(double) + 1, 0.0);
  return zeros.data();
}

}  // namespace

void add_policy_params(Descriptor& info) {
  info.params.push_back({.name = "on_missing",
                         .type = ParamType::kString,
                         .fallback = "default",
                         .doc = "an absent row is the zero update, or n shrinks",
                         .choices = {"default", "shrink"}});
  info.params.push_back({.name = "on_short",
                         .type = ParamType::kString,
                         .fallback = "skip",
                         .doc = "with shrink, on too few rows: skip, raise or fallback:<rule>"});
  info.params.push_back({.name = "in_run",
                         .type = ParamType::kBool,
                         .fallback = false,
                         .doc = "skip a hopeless round instead of failing"});
  info.params.push_back({.name = "on_precondition",
                         .type = ParamType::kString,
                         .fallback = "raise",
                         .doc = "warn: apply the rule although its precondition fails",
                         .choices = {"raise", "warn"}});
  info.extra["policy"] = Config::List{"on_missing", "on_short", "in_run", "on_precondition"};
}

Result<Policy> policy_of(const Rule& rule, const Config& params) {
  Policy policy;
  BB_ASSIGN_OR_RETURN(const std::string on_missing, params.get_string("on_missing", "default"));
  BB_ASSIGN_OR_RETURN(const std::string on_short, params.get_string("on_short", "skip"));
  BB_ASSIGN_OR_RETURN(const std::string condition, params.get_string("on_precondition", "raise"));
  BB_ASSIGN_OR_RETURN(policy.in_run, params.get_bool("in_run", false));
  policy.shrink = on_missing == "shrink";
  policy.enforce = condition != "warn";
  if (on_short.starts_with(kFallback)) {
    policy.on_short = Policy::OnShort::kFallback;
    BB_ASSIGN_OR_RETURN(policy.fallback, fallback_rule(rule, on_short.substr(kFallback.size())));
  } else if (on_short == "raise") {
    policy.on_short = Policy::OnShort::kRaise;
  } else if (on_short != "skip") {
    return make_error(Fault::kConfig, "bad_parameter", "on_short is not one of its forms", on_short,
                      "write skip, raise or fallback:<rule>, e.g. fallback:median",
                      "aggregators." + rule.name());
  }
  return policy;
}

Result<std::shared_ptr<const Aggregation>> RuleAggregator::aggregate(CallContext&,
                                                                     const AggregateInput& input) {
  BB_RETURN_IF_ERROR(check_input(*rule_, input));
  const void* stand_in = nullptr;
  if (!policy_.shrink && !input.missing.empty())
    stand_in = input.own ? input.own->raw() : zero_row(input.d * size_of(input.dtype));
  std::vector<Slot> slots = slots_of(input, stand_in);
  BB_RETURN_IF_ERROR(check_order(slots));
  const size_t n = stand_in ? slots.size() : input.rows.size();
  const size_t bad = screen(slots, input.dtype, input.d);
  const bool shrunk = policy_.shrink && !input.missing.empty();

  const Rule* rule = rule_.get();
  Status fits = policy_.enforce && n > 0 ? rule->check(n) : Status{};
  if (shrunk && !fits.ok() && policy_.on_short == Policy::OnShort::kFallback) {
    rule = policy_.fallback.get();
    fits = rule->check(n);
  }
  const bool may_skip = policy_.in_run || policy_.on_short == Policy::OnShort::kSkip;
  if (n == 0 || (shrunk && !fits.ok())) {
    if (may_skip && policy_.on_short != Policy::OnShort::kRaise)
      return skipped(input, slots, "too_few");
    if (n == 0)
      return make_error(Fault::kPrecondition, "no_rows", rule->name() + ": no row arrived", "n=0",
                        "wait longer, or let on_short skip", "aggregators." + rule->name());
  }
  if (!fits.ok()) return std::move(fits).error();

  const bool hopeless = rule->f() < 0 ? bad == n : bad > static_cast<size_t>(rule->f());
  if (!hopeless) return apply(*rule, input, slots, bad);
  if (policy_.in_run) return skipped(input, slots, "too_many_nonfinite");
  return too_many_nonfinite(*rule, slots, bad);
}

}  // namespace bb::rules
