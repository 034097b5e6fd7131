// The one door for arrays: numpy and DLPack in without copies, tensors out as read-only arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "bb/roles/aggregator.h"
#include "bb/tensor/tensor.h"

namespace bb::bindings {

namespace py = pybind11;

/// A tensor over the array's own memory, which it keeps alive. The array must be C-contiguous with
/// a supported dtype. Errors: DataError bad_dtype, not_contiguous, not_an_array, each naming the
/// fix.
Tensor tensor_of(const py::handle& object, const std::string& where);
/// A read-only array over the tensor's memory.
py::array array_of(const Tensor& tensor);

/// n rows of d float values by pointer, with the arrays that keep them alive.
struct RowsIn {
  DType dtype = DType::kF32;
  size_t d = 0;
  std::vector<const void*> rows;
  std::vector<py::object> owners;
};
/// From an (n, d) array with unit inner stride, or a list or tuple of 1-D arrays; float32 or
/// float64. Errors: DataError empty, ragged, bad_dtype, not_contiguous, not_an_array.
RowsIn rows_of(const py::handle& object, const std::string& where);

/// The memory of a writable array of d values that fits the rows and overlaps none of them.
/// Errors: DataError bad_output.
void* writable_of(const py::object& object, const RowsIn& rows, const std::string& where);

}  // namespace bb::bindings
