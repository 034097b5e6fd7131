// Binds facts about the machine: instruction sets, threads, and the named random streams.
#include <pybind11/stl.h>

#include "bb/base/philox.h"
#include "bb/base/sha256.h"
#include "bb/bindings/arrays.h"
#include "bb/bindings/bindings.h"
#include "bb/bindings/errors.h"
#include "bb/kernels/table.h"
#include "bb/tensor/parallel.h"

namespace bb::bindings {
namespace {

py::list supported() {
  py::list names;
  const kernels::IsaList list = kernels::supported_isas();
  for (size_t i = 0; i < list.count; ++i) names.append(kernels::isa_name(list.items[i]));
  return names;
}

/// Fisher-Yates shuffle of 0 .. n-1 by a named stream.
py::array permutation(uint64_t seed, const std::string& purpose, int64_t n) {
  Tensor out(DType::kI64, {n});
  int64_t* p = out.mutable_data<int64_t>();
  for (int64_t i = 0; i < n; ++i) p[i] = i;
  Stream stream(seed, purpose);
  for (int64_t i = n - 1; i > 0; --i)
    std::swap(p[i], p[stream.next_below(static_cast<uint64_t>(i) + 1)]);
  return array_of(out);
}

}  // namespace

void bind_machine(py::module_& m) {
  m.def(
      "active_isa", [] { return kernels::isa_name(kernels::active_isa()); },
      "Name of the kernel table in use: v4, v3, neon or scalar.");
  m.def("supported_isas", &supported, "Kernel tables this machine can run, best first.");
  m.def(
      "set_isa", [](const std::string& name) { return kernels::set_isa(name.c_str()); },
      py::arg("name"),
      "Switches the process to another kernel table; False if it is not supported.");
  m.def(
      "isa_error",
      []() -> std::string {
        kernels::active();
        const char* error = kernels::selection_error();
        return error == nullptr ? "" : error;
      },
      "Why BB_ISA could not be honoured, or the empty string.");
  m.def("core_count", &core_count, "Cores this process may run on.");
  m.def(
      "parallel_stats",
      [] {
        const ParallelStats s = parallel_stats();
        return std::make_pair(s.parallel_calls, s.most_threads);
      },
      "(parallel loops run so far, the most threads any of them used).");
  m.def("permutation", &permutation, py::arg("seed"), py::arg("purpose"), py::arg("n"),
        "Shuffled 0 .. n-1, int64 (n,), from the stream (seed, purpose).");
  m.def(
      "stream_words",
      [](uint64_t seed, const std::string& purpose, uint64_t a, uint64_t b, size_t count) {
        Stream stream(seed, purpose, a, b);
        std::vector<uint64_t> words(count);
        for (uint64_t& word : words) word = stream.next_u64();
        return words;
      },
      py::arg("seed"), py::arg("purpose"), py::arg("a") = 0, py::arg("b") = 0, py::arg("count") = 1,
      "The first 64-bit words of a named Philox stream.");
  m.def(
      "sha256",
      [](const py::bytes& data) { return hex(sha256(static_cast<std::string_view>(data))); },
      py::arg("data"), "Hex SHA-256.");
}

}  // namespace bb::bindings
