// Lines up arrived and missing peers, rejects unusable rows, and words the decisions.
#include "bb/parts/aggregators/slots.h"

#include <cstring>

#include "bb/parts/aggregators/row_ops.h"

namespace bb::rules {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const std::string& default_why() {
  static const std::string why = "missing";
  return why;
}

double mean_weight(const AggregateInput& input) {
  double total = 0;
  for (size_t i = 0; i < input.rows.size(); ++i) total += input.weights[i];
  return input.rows.empty() ? 1.0 : total / static_cast<double>(input.rows.size());
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

/// A vector beside the rows, `what` in words, has their dtype and size.
Status check_beside(const AggregateInput& input, const Tensor* vector, const char* what) {
  if (!vector ||
      (vector->dtype() == input.dtype && vector->size() == static_cast<int64_t>(input.d)))
    return {};
  return make_error(
      Fault::kData, "shape_mismatch", std::string(what) + " does not fit the rows", vector->text(),
      "give " + std::string(name_of(input.dtype)) + "(" + std::to_string(input.d) + ")");
}

Status check_values(const AggregateInput& input) {
  if (input.dtype != DType::kF32 && input.dtype != DType::kF64)
    return make_error(Fault::kData, "bad_dtype", "rows must be float32 or float64",
                      std::string(name_of(input.dtype)), "convert the rows to float32");
  if (input.rows.empty() && input.missing.empty())
    return make_error(Fault::kPrecondition, "no_rows", "there is nothing to aggregate", "n=0",
                      "give at least one row");
  if (input.d == 0)
    return make_error(Fault::kData, "empty_rows", "rows must hold at least one value", "d=0",
                      "give rows with d >= 1 values");
  if (!input.missing_why.empty() && input.missing_why.size() != input.missing.size())
    return make_error(Fault::kHost, "bad_call", "one reason per missing peer is wanted",
                      std::to_string(input.missing_why.size()) + " reasons, " +
                          std::to_string(input.missing.size()) + " missing peers",
                      "leave missing_why empty or give one per peer");
  BB_RETURN_IF_ERROR(check_beside(input, input.own, "the receiver's own vector"));
  return check_beside(input, input.reference, "the trusted vector");
}

void reject(Decision& decision, const Slot& slot, std::string_view reason, double weight) {
  decision.peer = *slot.peer;
  decision.verdict = Verdict::kRejected;
  decision.reason = reason;
  decision.score = kNaN;
  decision.weight = weight;
}

}  // namespace

Status check_input(const Rule& rule, const AggregateInput& input) {
  Status status = check_values(input);
  if (!status.ok()) return std::move(status).error().at("aggregators." + rule.name());
  return {};
}

Status fill_slots(const AggregateInput& input, const void* stand_in, std::vector<Slot>& slots) {
  slots.clear();
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
  return check_order(slots);
}

size_t screen(std::vector<Slot>& slots, DType dtype, size_t d) {
  size_t bad = 0;
  for (Slot& slot : slots) {
    if (!slot.takes_part() || all_finite(slot.data, dtype, d)) continue;
    slot.kind = Slot::Kind::kNonFinite;
    ++bad;
  }
  return bad;
}

Error too_many_nonfinite(const Rule& rule, const std::vector<Slot>& slots, size_t bad) {
  const bool budget = rule.f() >= 0 && bad > static_cast<size_t>(rule.f());
  const std::string f = std::to_string(rule.f());
  const std::string limit = budget ? "f=" + f + " allows " + f + " non-finite rows, " +
                                         std::to_string(bad) + " of " +
                                         std::to_string(slots.size()) + " have them"
                                   : "all rows have non-finite values";
  return make_error(Fault::kPrecondition, "too_many_nonfinite", rule.name() + ": " + limit,
                    "peers " + peers_text(slots),
                    budget ? "raise f, or find out why the senders diverged"
                           : "find out why the senders diverged",
                    "aggregators." + rule.name());
}

void* vector_memory(const AggregateInput& input, Aggregation& out) {
  if (input.out) {
    out.vector = {};
    return input.out;
  }
  const Tensor& held = out.vector;
  const bool fits = held.dtype() == input.dtype && held.shape().size() == 1 &&
                    held.size() == static_cast<int64_t>(input.d) && held.buffer().use_count() == 1;
  if (!fits) out.vector = Tensor(input.dtype, {static_cast<int64_t>(input.d)});
  return out.vector.mutable_raw();
}

void skip(const AggregateInput& input, const std::vector<Slot>& slots, std::string_view reason,
          Aggregation& out) {
  std::memset(vector_memory(input, out), 0, input.d * size_of(input.dtype));
  out.skipped = true;
  out.skip_reason = reason;
  out.stats = {};
  out.state = input.state ? *input.state : RuleState{};
  const double weight = input.detail == Detail::kShares ? 0.0 : kNaN;
  out.decisions.resize(slots.size());
  for (size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    const std::string_view why = slot.why                              ? std::string_view(*slot.why)
                                 : slot.kind == Slot::Kind::kNonFinite ? "non_finite"
                                                                       : "round_skipped";
    reject(out.decisions[i], slot, why, weight);
  }
}

void decide(const std::vector<Slot>& slots, const std::vector<RowOutcome>& outcomes, Detail detail,
            std::vector<Decision>& decisions) {
  const double nothing = detail == Detail::kShares ? 0.0 : kNaN;
  decisions.resize(slots.size());
  size_t next = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    Decision& decision = decisions[i];
    if (!slot.takes_part()) {
      reject(decision, slot, slot.why ? std::string_view(*slot.why) : "non_finite", nothing);
      continue;
    }
    const RowOutcome& row = outcomes[next++];
    const bool arrived = slot.kind == Slot::Kind::kArrived;
    decision.peer = *slot.peer;
    decision.verdict = arrived ? row.verdict : Verdict::kRejected;
    decision.reason = arrived ? std::string_view(row.reason) : std::string_view(*slot.why);
    decision.score = row.score;
    decision.weight = row.weight;
  }
}

}  // namespace bb::rules
