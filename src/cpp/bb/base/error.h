// Typed errors and Result<T>: how every room reports failure without exceptions.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace bb {

/// Whose fault an error is; each value is one Python exception class.
enum class Fault : uint8_t {
  kAuthor,
  kCompile,
  kInstall,
  kPrecondition,
  kConfig,
  kData,
  kPeer,
  kHost,
  kInternal
};

/// One failure: what was wrong, where, the offending value, and what to change.
struct Error {
  Fault fault = Fault::kInternal;
  std::string code;     ///< stable machine name, e.g. "unknown_part"
  std::string message;  ///< what was wrong, one sentence
  std::string where;    ///< node, slot, file:line or room; may be empty
  std::string value;    ///< the offending value as text; may be empty
  std::string hint;     ///< what to change; may be empty

  /// The whole error on one line: "message (where; value) – hint".
  std::string text() const;
  Error at(std::string place) && {
    where = where.empty() ? std::move(place) : std::move(place) + ": " + where;
    return std::move(*this);
  }
};

/// Builds an Error in reading order.
Error make_error(Fault fault, std::string code, std::string message, std::string value = {},
                 std::string hint = {}, std::string where = {});

/// A value or the Error that prevented it.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or the Error that prevented it.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};
using Status = Result<void>;

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace bb

/// Stops the process on a broken invariant of our own; never for bad input.
#define BB_CHECK(condition) \
  ((condition) ? (void)0 : ::bb::check_failed(#condition, __FILE__, __LINE__))

#define BB_CONCAT_INNER(a, b) a##b
#define BB_CONCAT(a, b) BB_CONCAT_INNER(a, b)
/// Returns the error of a Status expression to the caller.
#define BB_RETURN_IF_ERROR(expression)                        \
  do {                                                        \
    auto bb_status = (expression);                            \
    if (!bb_status.ok()) return std::move(bb_status).error(); \
  } while (0)
/// Declares `target` with the value of a Result expression, or returns its error.
#define BB_ASSIGN_OR_RETURN(target, expression)                \
  auto BB_CONCAT(bb_result_, __LINE__) = (expression);         \
  if (!BB_CONCAT(bb_result_, __LINE__).ok())                   \
    return std::move(BB_CONCAT(bb_result_, __LINE__)).error(); \
  target = std::move(BB_CONCAT(bb_result_, __LINE__)).value()
