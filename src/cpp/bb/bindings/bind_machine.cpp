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

/// XOR of all 8-byte words, read once in order with prefetching: what one thread can read.
uint64_t read_words(const py::buffer& buffer) {
  const py::buffer_info info = buffer.request();
  const auto* words = static_cast<const uint64_t*>(info.ptr);
  const size_t count = static_cast<size_t>(info.size * info.itemsize) / sizeof(uint64_t);
  constexpr size_t kStep = 32, kAhead = 512;  // 256 bytes per step, 4 KiB ahead
  uint64_t lane[kStep] = {};
  const py::gil_scoped_release released;
  for (size_t i = 0; i + kStep <= count; i += kStep) {
    for (size_t k = 0; k < kStep; k += 8) __builtin_prefetch(words + i + kAhead + k);
    for (size_t k = 0; k < kStep; ++k) lane[k] ^= words[i + k];
  }
  uint64_t all = 0;
  for (const uint64_t value : lane) all ^= value;
  return all;
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
  m.def("read_words", &read_words, py::arg("buffer"),
        "Reads a contiguous buffer once (in steps of 256 bytes; a shorter rest is left out) and "
        "returns the XOR of its words: the read bandwidth of one thread.");
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
