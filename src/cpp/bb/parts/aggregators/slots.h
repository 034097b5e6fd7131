// The peers of one round: who arrived, who is missing, whose row cannot be used, and the decisions.
#pragma once

#include <vector>

#include "bb/parts/aggregators/rule.h"

namespace bb::rules {

/// One peer of the round.
struct Slot {
  enum class Kind : uint8_t { kArrived, kNonFinite, kStandIn, kAbsent } kind = Kind::kArrived;
  const PeerId* peer = nullptr;
  const void* data = nullptr;  ///< null unless the row takes part
  const std::string* why = nullptr;
  double weight = 0;
  bool takes_part() const { return kind == Kind::kArrived || kind == Kind::kStandIn; }
};

/// DataError bad_dtype, empty_rows or shape_mismatch, PreconditionError no_rows, HostError
/// bad_call.
Status check_input(const Rule& rule, const AggregateInput& input);

/// All peers by id; `stand_in` is the row of absent peers, null when they have none. A stand-in
/// weighs as much as an arrived row does on average.
/// Errors: DataError duplicate_sender unless every peer occurs once and both lists are sorted.
Result<std::vector<Slot>> slots_of(const AggregateInput& input, const void* stand_in);

/// Marks rows with non-finite values; returns how many there are.
size_t screen(std::vector<Slot>& slots, DType dtype, size_t d);

/// The error of a call in which non-finite rows exceed what the rule can lose.
Error too_many_nonfinite(const Rule& rule, const std::vector<Slot>& slots, size_t bad);

/// An Aggregation that keeps the parameters: zeros, and every row rejected.
std::shared_ptr<const Aggregation> skipped(const AggregateInput& input,
                                           const std::vector<Slot>& slots, std::string reason);

/// One decision per peer; `outcomes` are those of the rows that took part, in order.
std::vector<Decision> decide(const std::vector<Slot>& slots,
                             const std::vector<RowOutcome>& outcomes, Detail detail);

}  // namespace bb::rules
