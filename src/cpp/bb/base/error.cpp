// Error text and the stop on broken invariants.
#include "bb/base/error.h"

namespace bb {

std::string Error::text() const {
  std::string out = message;
  if (!where.empty() || !value.empty()) {
    out += " (" + where;
    if (!where.empty() && !value.empty()) out += "; ";
    out += value + ")";
  }
  if (!hint.empty()) out += " – " + hint;
  return out;
}

Error make_error(Fault fault, std::string code, std::string message, std::string value,
                 std::string hint, std::string where) {
  return Error{
      fault,          std::move(code), std::move(message), std::move(where), std::move(value),
      std::move(hint)};
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace bb
