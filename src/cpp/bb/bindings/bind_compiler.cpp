// Binds the compiler, the artifact check, and running single functions on the CPU backend.
#include <pybind11/stl.h>

#include "bb/bindings/arrays.h"
#include "bb/bindings/bindings.h"
#include "bb/bindings/convert.h"
#include "bb/bindings/errors.h"
#include "bb/compiler/compile.h"
#include "bb/compiler/differentiate.h"
#include "bb/ir/passport.h"
#include "bb/parts/backends/cpu.h"
#include "bb/tensor/parallel.h"

namespace bb::bindings {
namespace {

const ir::Function& function_in(const ir::Model& model, const std::string& domain,
                                const std::string& name) {
  const ir::Function* function = model.find(domain, name);
  if (function == nullptr)
    raise(make_error(Fault::kCompile, "unknown_function", "the model has no such function",
                     domain + "::" + name, "list model.functions for what it holds"));
  return *function;
}

py::tuple compile(const py::bytes& recorded, const std::string& explain_after) {
  Result<compiler::Compiled> made = Error{};
  const auto view = static_cast<std::string_view>(recorded);
  {
    const py::gil_scoped_release release;
    compiler::Options options;
    options.explain_after = explain_after;
    made = compiler::compile(view, options);
  }
  const compiler::Compiled compiled = unwrap(std::move(made));
  return py::make_tuple(py::bytes(compiled.bytes), compiled.digest, compiled.stages);
}

py::bytes differentiate(const py::bytes& model_bytes, const std::string& domain,
                        const std::string& name, const std::string& output,
                        const std::vector<std::string>& wrt) {
  const ir::Model model = unwrap(ir::from_onnx(static_cast<std::string_view>(model_bytes)));
  ir::Model out;
  out.functions.push_back(
      unwrap(compiler::differentiate(function_in(model, domain, name), output, wrt)));
  return ir::to_onnx(out);
}

py::list run_function(const py::bytes& model_bytes, const std::string& domain,
                      const std::string& name, const py::list& inputs, int threads) {
  const ir::Model model = unwrap(ir::from_onnx(static_cast<std::string_view>(model_bytes)));
  const ir::Function& function = function_in(model, domain, name);
  std::vector<Tensor> in;
  for (const py::handle& input : inputs) in.push_back(tensor_of(input, name));
  std::vector<Tensor> out(function.outputs.size());
  Status status;
  {
    const py::gil_scoped_release release;
    const ThreadScope scope(threads);
    auto prepared = cpu_backend().prepare(function);
    status = prepared.ok() ? (*prepared)->run(in, out) : Status(std::move(prepared).error());
  }
  unwrap(std::move(status));
  py::list arrays;
  for (const Tensor& t : out) arrays.append(array_of(t));
  return arrays;
}

}  // namespace

void bind_compiler(py::module_& m) {
  m.def("compile", &compile, py::arg("recorded"), py::arg("explain_after") = "",
        "Compiles a recorded model: (artifact bytes, digest, [(pass, text)]).");
  m.def("pass_names", &compiler::pass_names, "The pipeline, in order.");
  m.def(
      "verify_artifact",
      [](const py::bytes& artifact) {
        const ir::Model model = unwrap(ir::read_artifact(static_cast<std::string_view>(artifact)));
        unwrap(compiler::verify_artifact(model));
      },
      py::arg("artifact"), "Raises unless the bytes are a sound artifact.");
  m.def("differentiate", &differentiate, py::arg("model"), py::arg("domain"), py::arg("name"),
        py::arg("output"), py::arg("wrt"),
        "A model holding the function that returns `output` and its gradients.");
  m.def("run_function", &run_function, py::arg("model"), py::arg("domain"), py::arg("name"),
        py::arg("inputs"), py::arg("threads") = 1,
        "Runs a pure ai.onnx function on the CPU backend.");
}

}  // namespace bb::bindings
