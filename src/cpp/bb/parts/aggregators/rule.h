// What a rule file provides: the facts of one aggregation rule and its arithmetic on finite rows.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bb/base/catalog.h"
#include "bb/roles/aggregator.h"

namespace bb::rules {

/// n finite rows of d values each, ordered by peer id.
struct Rows {
  DType dtype = DType::kF32;
  size_t d = 0;
  std::span<const void* const> data;
  size_t n() const { return data.size(); }
};

/// One call of a rule's arithmetic; the shared policy has checked and cleaned everything.
struct RuleCall {
  Rows rows;
  size_t f = 0;                     ///< Byzantine rows that may be left among them
  const double* weights = nullptr;  ///< one per row, or null
  Detail detail = Detail::kVerdict;
};

/// What became of one row.
struct RowOutcome {
  Verdict verdict = Verdict::kAccepted;
  const char* reason = "";
  double score = std::numeric_limits<double>::quiet_NaN();
  double weight = std::numeric_limits<double>::quiet_NaN();  ///< filled for Detail::kShares only
};

/// What a rule fills: d values, one outcome per row (given with defaults), and facts of its own.
struct RuleResult {
  void* vector = nullptr;
  std::span<RowOutcome> rows;
  Config stats;
};

/// A precondition of the form n >= per_f * f + constant.
struct Bound {
  size_t per_f = 0;
  size_t constant = 1;
  size_t min_n(size_t f) const { return per_f * f + constant; }
  /// Largest f with min_n(f) <= n; -1 when none is; 0 for rules that tolerate none.
  int64_t max_f(size_t n) const;
  std::string text() const;  ///< "n >= 4f+3"
};

/// The arithmetic of one rule with its parameters. Immutable; used by many threads.
class Rule {
 public:
  Rule(std::string name, Bound bound, int64_t f) : name_(std::move(name)), bound_(bound), f_(f) {}
  virtual ~Rule() = default;

  const std::string& name() const { return name_; }
  int64_t f() const { return f_; }  ///< -1 when the rule was made without one
  virtual size_t min_n(size_t f) const { return bound_.min_n(f); }
  virtual int64_t max_f(size_t n) const { return bound_.max_f(n); }
  /// PreconditionError with the arithmetic, the largest f that works, and a rule that would.
  virtual Status check(size_t n) const;
  /// Defined for every n >= 1 and f, also where check(n) fails (then with clamped counts).
  virtual Status apply(const RuleCall& call, RuleResult& result) const = 0;

 private:
  std::string name_;
  Bound bound_;
  int64_t f_;
};

/// The sentence and the error for n rows and f Byzantine ones under a violated bound.
Error too_few_rows(const Rule& rule, const std::string& condition, size_t n, size_t f);

using MakeRule = std::function<Result<std::shared_ptr<const Rule>>(const Config& params)>;

/// Completes a rule's Descriptor (family, precondition, policy parameters) and wraps what
/// `make` returns in the shared policy.
Part<Aggregator> rule_part(Descriptor info, Bound bound, MakeRule make);

/// The parameter `f` as every rule declares it.
Param f_param(bool required);
/// The value of `f` in resolved parameters, -1 when it is absent.
int64_t f_of(const Config& params);

}  // namespace bb::rules
