// Conversions between Python objects and Config, PeerId and Value.
#pragma once

#include <pybind11/pybind11.h>

#include "bb/base/config.h"
#include "bb/base/descriptor.h"
#include "bb/wire/value.h"

namespace bb::bindings {

namespace py = pybind11;

/// None, bool, int, float, str, list/tuple and dict with str keys. Errors: ConfigError
/// unsupported_value.
Config config_of(const py::handle& object, const std::string& where = {});
py::object python_of(const Config& config);
py::dict python_of(const Descriptor& descriptor);
/// PeerId from a PeerId, an int (simulation id) or its text.
PeerId peer_of(const py::handle& object);
/// Trigger from True/None, tensors from arrays and numbers, PeerId, lists of peers, bytes.
Value value_of(const py::handle& object);
py::object python_of(const Value& value);

}  // namespace bb::bindings
