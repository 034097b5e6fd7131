// Reads policies from parameters and applies them around a rule.
#include "bb/parts/aggregators/policy.h"

#include "bb/parts/aggregators/catalog.h"
#include "bb/parts/aggregators/slots.h"

namespace bb::rules {
namespace {

constexpr std::string_view kFallback = "fallback:";

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
  out->decisions = decide(slots, outcomes, input.detail);
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
  BB_ASSIGN_OR_RETURN(std::vector<Slot> slots, slots_of(input, stand_in));
  const size_t n = stand_in ? slots.size() : input.rows.size();
  const size_t bad = screen(slots, input.dtype, input.d);
  const bool shrunk = policy_.shrink && !input.missing.empty();

  const Rule* rule = rule_.get();
  Status fits = policy_.enforce && n > 0 ? rule->check(n) : Status{};
  if (shrunk && !fits.ok() && policy_.on_short == Policy::OnShort::kFallback) {
    rule = policy_.fallback.get();
    fits = rule->check(n);
  }
  const bool may_skip = policy_.on_short == Policy::OnShort::kSkip ||
                        (policy_.in_run && policy_.on_short == Policy::OnShort::kFallback);
  if (may_skip && (n == 0 || (shrunk && !fits.ok()))) return skipped(input, slots, "too_few");
  if (n == 0)
    return make_error(Fault::kPrecondition, "no_rows", rule->name() + ": no row arrived", "n=0",
                      "wait longer, or let on_short skip", "aggregators." + rule->name());
  if (!fits.ok()) return std::move(fits).error();

  const bool hopeless = bad == n || (rule->f() >= 0 && bad > static_cast<size_t>(rule->f()));
  if (!hopeless) return apply(*rule, input, slots, bad);
  if (policy_.in_run) return skipped(input, slots, "too_many_nonfinite");
  return too_many_nonfinite(*rule, slots, bad);
}

}  // namespace bb::rules
