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

/// Fills `slots` with all peers by id; `stand_in` is the row of absent peers, null when they have
/// none. A stand-in weighs as much as an arrived row does on average. Errors: DataError
/// duplicate_sender unless every peer occurs once and both lists are sorted.
Status fill_slots(const AggregateInput& input, const void* stand_in, std::vector<Slot>& slots);

/// Marks rows with non-finite values; returns how many there are.
size_t screen(std::vector<Slot>& slots, DType dtype, size_t d);

/// The error of a call in which non-finite rows exceed what the rule can lose.
Error too_many_nonfinite(const Rule& rule, const std::vector<Slot>& slots, size_t bad);

/// Makes `out` an Aggregation that keeps the parameters: zeros, every row rejected, the state as it
/// was.
void skip(const AggregateInput& input, const std::vector<Slot>& slots, std::string_view reason,
          Aggregation& out);

/// The memory that receives the vector: the caller's, or that of `out`.
void* vector_memory(const AggregateInput& input, Aggregation& out);

/// One decision per peer; `outcomes` are those of the rows that took part, in order.
void decide(const std::vector<Slot>& slots, const std::vector<RowOutcome>& outcomes, Detail detail,
            std::vector<Decision>& decisions);

}  // namespace bb::rules
