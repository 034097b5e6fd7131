// Joins several errors into one and suggests names.
#include "bb/engine/problems.h"

#include "bb/base/descriptor.h"

namespace bb::engine {

Status Problems::status() && {
  if (errors_.empty()) return {};
  if (errors_.size() == 1) return std::move(errors_.front());
  Error all = errors_.front();
  all.message = std::to_string(errors_.size()) + " problems: ";
  for (size_t i = 0; i < errors_.size(); ++i) {
    if (i > 0) all.message += "; ";
    all.message += errors_[i].text();
  }
  all.hint = "fix every one listed";
  all.where.clear();
  return all;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  if (!near.empty()) return "did you mean \"" + near + "\"?";
  if (candidates.empty()) return "there are none";
  std::string list = "use one of:";
  for (const std::string& candidate : candidates) list += " " + candidate;
  return list;
}

}  // namespace bb::engine
