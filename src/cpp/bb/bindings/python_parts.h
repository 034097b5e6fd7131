// Parts written in Python: plain functions as aggregators, and users' attacks.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "bb/roles/aggregator.h"
#include "bb/roles/attack.h"

namespace bb::bindings {

namespace py = pybind11;

/// fn(X) or fn(X, ctx) -> (d,) array or Aggregation, under the policy of every other rule.
/// `params`: on_missing, on_short, in_run and f, as for catalogue rules.
std::shared_ptr<Aggregator> python_aggregator(py::object function, bool wants_context,
                                              const Config& params);

/// fn(honest) or fn(ctx) with knowledge "own", "honest" or "rule".
std::shared_ptr<Attack> python_attack(py::object function, bool wants_context,
                                      const std::string& knowledge);

}  // namespace bb::bindings
