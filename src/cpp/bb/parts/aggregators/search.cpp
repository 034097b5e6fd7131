// The budget of exact searches as a parameter and as an error.
#include "bb/parts/aggregators/search.h"

namespace bb::rules {

Param node_budget_param(int64_t fallback) {
  return {.name = "node_budget",
          .type = ParamType::kInt,
          .fallback = fallback,
          .doc = "branchings the exact search may do before it gives up with an error",
          .min = 1,
          .max = 1e15};
}

Error node_budget_error(const std::string& rule, int64_t budget, size_t n, size_t f) {
  return make_error(Fault::kPrecondition, "node_budget",
                    rule + " did not find the exact set among n=" + std::to_string(n) +
                        " rows with f=" + std::to_string(f) + " within " + std::to_string(budget) +
                        " branchings",
                    "node_budget=" + std::to_string(budget),
                    "raise node_budget, lower f, or take multi_krum, which needs no search",
                    "aggregators." + rule);
}

}  // namespace bb::rules
