// What attack files share: honest statistics, actions from rows, and the facts in a Descriptor.
#pragma once

#include <string_view>
#include <vector>

#include "bb/base/catalog.h"
#include "bb/roles/attack.h"

namespace bb::attack_parts {

/// Column mean of the honest rows (sum in double, rounded once), (d,).
/// Errors: DataError no_honest_rows, bad_dtype.
Result<Tensor> honest_mean(const AttackCall& call, std::string_view attack);

/// Mean and standard deviation with ddof = 1 (0 for a single row).
struct Moments {
  Tensor mean, sd;
};
Result<Moments> honest_moments(const AttackCall& call, std::string_view attack);

/// a + factor * b elementwise in the rows' dtype: multiply, then add. An undefined `a` counts as
/// zero and adds nothing.
Tensor scaled_sum(const Tensor& a, double factor, const Tensor& b);

/// f replacements by one shared row.
std::vector<AttackAction> all_send(const Tensor& row, size_t f);

/// A (d,) tensor of the call's dtype with every value equal to `value`, rounded.
Result<Tensor> filled(const AttackCall& call, double value, std::string_view attack);

/// DataError unless the call's dtype is float32 or float64.
Status check_dtype(const AttackCall& call, std::string_view attack);

/// Fills family, extra["level"] and extra["knowledge"].
Part<Attack> attack_part(Descriptor info, std::string_view level, std::string_view knowledge,
                         std::function<Result<std::shared_ptr<Attack>>(const Config&)> make);

}  // namespace bb::attack_parts
