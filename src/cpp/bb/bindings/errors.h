// The one translator of errors: Result and Error on the C++ side, typed exceptions on the Python
// side.
#pragma once

#include <pybind11/pybind11.h>

#include "bb/base/error.h"

namespace bb::bindings {

namespace py = pybind11;

/// Carries an Error through pybind11 to the translator.
struct Raised {
  Error error;
};

[[noreturn]] inline void raise(Error error) { throw Raised{std::move(error)}; }

/// The value of a Result, or a Python exception.
template <class T>
T unwrap(Result<T> result) {
  if (!result.ok()) raise(std::move(result).error());
  return std::move(result).value();
}
inline void unwrap(Status status) {
  if (!status.ok()) raise(std::move(status).error());
}

/// Turns the Python exception being handled into an Error, keeping it as the later exception's
/// cause. Needs the GIL.
Error error_of(py::error_already_set& raised, std::string where);

void bind_errors(py::module_& m);

}  // namespace bb::bindings
