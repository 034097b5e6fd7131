// Problems: collects everything wrong with one request, to report it in one error.
#pragma once

#include <vector>

#include "bb/base/error.h"

namespace bb::engine {

class Problems {
 public:
  void add(Error error) { errors_.push_back(std::move(error)); }
  /// Keeps the error of a failed status.
  void note(Status status) {
    if (!status.ok()) add(std::move(status).error());
  }
  bool empty() const { return errors_.empty(); }
  /// Success, the only error, or one error with the first one's code that lists them all.
  Status status() &&;

 private:
  std::vector<Error> errors_;
};

/// "did you mean "near"?" when a candidate is near, else the list of candidates.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace bb::engine
