// Array conversions, borrowing memory in both directions.
#include "bb/bindings/arrays.h"

#include "bb/bindings/errors.h"

namespace bb::bindings {
namespace {

DType dtype_of_array(const py::array& a) {
  const auto is = [&](const py::dtype& d) { return a.dtype().equal(d); };
  if (is(py::dtype::of<float>())) return DType::kF32;
  if (is(py::dtype::of<double>())) return DType::kF64;
  if (is(py::dtype::of<int64_t>())) return DType::kI64;
  if (is(py::dtype::of<int32_t>())) return DType::kI32;
  if (is(py::dtype::of<uint8_t>())) return DType::kU8;
  if (is(py::dtype::of<bool>())) return DType::kBool;
  return DType::kUndefined;
}

py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return py::dtype::of<float>();
    case DType::kF64:
      return py::dtype::of<double>();
    case DType::kI64:
      return py::dtype::of<int64_t>();
    case DType::kI32:
      return py::dtype::of<int32_t>();
    case DType::kU8:
      return py::dtype::of<uint8_t>();
    case DType::kBool:
      return py::dtype::of<bool>();
    case DType::kUndefined:
      break;
  }
  return py::dtype::of<float>();
}

std::string text_of_dtype(const py::array& a) { return py::str(a.dtype()); }

/// The object as a numpy array without copying: itself, or through DLPack.
py::array as_array(const py::handle& object, const std::string& where) {
  if (py::isinstance<py::array>(object)) return py::reinterpret_borrow<py::array>(object);
  if (py::hasattr(object, "__dlpack__")) {
    const py::object source = py::hasattr(object, "detach")
                                  ? object.attr("detach")()
                                  : py::reinterpret_borrow<py::object>(object);
    return py::module_::import("numpy").attr("from_dlpack")(source);
  }
  raise(make_error(Fault::kData, "not_an_array", "expected an array",
                   py::str(py::type::of(object).attr("__name__")),
                   "pass a numpy array, or convert with numpy.asarray(x, dtype=numpy.float32)",
                   where));
}

/// Holds a Python object from C++; released under the GIL.
std::shared_ptr<void> keep(py::object object) {
  return std::shared_ptr<void>(new py::object(std::move(object)), [](void* held) {
    const py::gil_scoped_acquire gil;
    delete static_cast<py::object*>(held);
  });
}

void require_float(const py::array& a, const std::string& where) {
  const DType dtype = dtype_of_array(a);
  if (dtype != DType::kF32 && dtype != DType::kF64)
    raise(make_error(Fault::kData, "bad_dtype", "rows must be float32 or float64", text_of_dtype(a),
                     "convert with x.astype(numpy.float32)", where));
}

}  // namespace

Tensor tensor_of(const py::handle& object, const std::string& where) {
  const py::array a = as_array(object, where);
  const DType dtype = dtype_of_array(a);
  if (dtype == DType::kUndefined)
    raise(make_error(
        Fault::kData, "bad_dtype", "this element type is not supported", text_of_dtype(a),
        "convert with x.astype(...) to float32, float64, int64, int32, uint8 or bool", where));
  if (!(a.flags() & py::array::c_style))
    raise(make_error(Fault::kData, "not_contiguous", "the array is not C-contiguous", "strided",
                     "pass numpy.ascontiguousarray(x)", where));
  Shape shape(a.shape(), a.shape() + a.ndim());
  const auto bytes = static_cast<size_t>(a.nbytes());
  return Tensor(dtype, std::move(shape), Buffer::borrow(a.data(), bytes, keep(a)));
}

py::array array_of(const Tensor& tensor) {
  auto* owner = new std::shared_ptr<Buffer>(tensor.buffer());
  const py::capsule base(owner, [](void* p) { delete static_cast<std::shared_ptr<Buffer>*>(p); });
  std::vector<py::ssize_t> shape(tensor.shape().begin(), tensor.shape().end());
  py::array out(numpy_dtype(tensor.dtype()), shape, tensor.raw(), base);
  out.attr("flags").attr("writeable") = false;
  return out;
}

RowsIn rows_of(const py::handle& object, const std::string& where) {
  RowsIn in;
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    for (const py::handle& item : object.cast<py::sequence>()) {
      const py::array row = as_array(item, where);
      if (row.ndim() != 1)
        raise(make_error(Fault::kData, "ragged", "every row must be one-dimensional",
                         std::to_string(row.ndim()) + " dimensions", "flatten with x.reshape(-1)",
                         where));
      require_float(row, where);
      if (row.shape(0) > 1 && row.strides(0) != row.itemsize())
        raise(make_error(Fault::kData, "not_contiguous", "a row is not contiguous", "strided",
                         "pass numpy.ascontiguousarray(row)", where));
      const DType dtype = dtype_of_array(row);
      const auto d = static_cast<size_t>(row.shape(0));
      if (!in.rows.empty() && (dtype != in.dtype || d != in.d))
        raise(make_error(Fault::kData, "ragged", "rows differ in length or dtype",
                         "row " + std::to_string(in.rows.size()) + ": " + text_of_dtype(row) + "(" +
                             std::to_string(d) + ")",
                         "every row needs the same dtype and " + std::to_string(in.d) + " values",
                         where));
      in.dtype = dtype;
      in.d = d;
      in.rows.push_back(row.data());
      in.owners.push_back(row);
    }
  } else {
    const py::array a = as_array(object, where);
    if (a.ndim() != 2)
      raise(make_error(Fault::kData, "bad_shape", "expected rows as an (n, d) array",
                       std::to_string(a.ndim()) + " dimensions",
                       "pass shape (n, d): one row per peer", where));
    require_float(a, where);
    if (a.size() > 0 && a.shape(1) > 1 && a.strides(1) != a.itemsize())
      raise(make_error(Fault::kData, "not_contiguous", "rows are not contiguous (inner stride)",
                       "stride of " + std::to_string(a.strides(1)) + " bytes",
                       "pass numpy.ascontiguousarray(X)", where));
    in.dtype = dtype_of_array(a);
    in.d = static_cast<size_t>(a.shape(1));
    const auto* base = static_cast<const std::byte*>(a.data());
    for (py::ssize_t i = 0; i < a.shape(0); ++i) in.rows.push_back(base + i * a.strides(0));
    in.owners.push_back(a);
  }
  if (in.rows.empty() || in.d == 0)
    raise(make_error(Fault::kData, "empty", "there is nothing to aggregate",
                     "n=" + std::to_string(in.rows.size()) + ", d=" + std::to_string(in.d),
                     "pass at least one row with at least one value", where));
  return in;
}

void* writable_of(const py::object& object, const RowsIn& rows, const std::string& where) {
  const auto refuse = [&](const std::string& what) {
    raise(make_error(Fault::kData, "bad_output", "the array cannot receive the result", what,
                     "pass numpy.empty(" + std::to_string(rows.d) + ", dtype=numpy." +
                         std::string(name_of(rows.dtype)) + ")",
                     where));
  };
  if (!py::isinstance<py::array>(object)) refuse(py::str(py::type::of(object).attr("__name__")));
  auto a = py::reinterpret_borrow<py::array>(object);
  if (dtype_of_array(a) != rows.dtype) refuse(text_of_dtype(a));
  if (a.ndim() != 1 || static_cast<size_t>(a.shape(0)) != rows.d)
    refuse("shape " + std::string(py::str(a.attr("shape"))));
  if (!a.writeable()) refuse("read-only");
  if (a.shape(0) > 1 && a.strides(0) != a.itemsize()) refuse("strided");
  auto* begin = static_cast<std::byte*>(a.mutable_data());
  const size_t bytes = rows.d * size_of(rows.dtype);
  for (const void* row : rows.rows) {
    const auto* other = static_cast<const std::byte*>(row);
    if (begin < other + bytes && other < begin + bytes) refuse("overlaps a row");
  }
  return begin;
}

}  // namespace bb::bindings
