// The error translator.
#include "bb/bindings/errors.h"

namespace bb::bindings {
namespace {

/// The exception of user code behind the last Error of this thread, to be chained as its cause.
thread_local py::object* pending_cause = nullptr;

const char* class_of(Fault fault) {
  switch (fault) {
    case Fault::kAuthor:
      return "AuthorError";
    case Fault::kCompile:
      return "CompileError";
    case Fault::kInstall:
      return "InstallError";
    case Fault::kPrecondition:
      return "PreconditionError";
    case Fault::kConfig:
      return "ConfigError";
    case Fault::kData:
      return "DataError";
    case Fault::kPeer:
      return "PeerError";
    case Fault::kHost:
      return "HostError";
    case Fault::kInternal:
      return "InternalError";
  }
  return "InternalError";
}

void set_python_error(const Error& error) {
  using namespace py::literals;
  const py::object type = py::module_::import("bytesandbrains.errors").attr(class_of(error.fault));
  py::object made = type(error.message, "code"_a = error.code, "where"_a = error.where,
                         "value"_a = error.value, "hint"_a = error.hint);
  if (pending_cause != nullptr && error.code == "python_error")
    made.attr("__cause__") = *pending_cause;
  delete pending_cause;
  pending_cause = nullptr;
  PyErr_SetObject(type.ptr(), made.ptr());
}

}  // namespace

Error error_of(py::error_already_set& raised, std::string where) {
  const std::string type = py::str(raised.type().attr("__name__"));
  const std::string text = py::str(raised.value());
  delete pending_cause;
  if (raised.trace()) PyException_SetTraceback(raised.value().ptr(), raised.trace().ptr());
  pending_cause = new py::object(raised.value());
  return make_error(Fault::kConfig, "python_error", "a part written in Python raised " + type, text,
                    "see the chained exception for its traceback", std::move(where));
}

void bind_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Raised& raised) {
      set_python_error(raised.error);
    }
  });
}

}  // namespace bb::bindings
