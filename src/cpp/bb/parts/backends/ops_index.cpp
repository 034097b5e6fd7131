// Operators that read or write by index: Gather, OneHot, ScatterElements, ScatterND.
#include "bb/parts/backends/kernel.h"

namespace bb::cpu {
namespace {

Error out_of_range(const std::string& where, int64_t index, int64_t size) {
  return make_error(Fault::kData, "index_out_of_range",
                    "an index is outside an axis of size " + std::to_string(size),
                    std::to_string(index), "use -size .. size-1", where);
}

/// Index i of an int32 or int64 tensor, made non-negative; -1 when out of range.
struct Indices {
  bool wide;
  int64_t at(const std::byte* base, size_t i) const {
    return wide ? reinterpret_cast<const int64_t*>(base)[i]
                : reinterpret_cast<const int32_t*>(base)[i];
  }
};
Result<Indices> indices(const OpSite& site, size_t input) {
  const DType dtype = site.in[input].dtype;
  if (dtype != DType::kI64 && dtype != DType::kI32) return unsupported_dtype(site, dtype);
  return Indices{dtype == DType::kI64};
}

int64_t wrap(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

enum class Scatter { kSet, kAdd };
Result<Scatter> scatter_kind(const OpSite& site) {
  const std::string kind = site.node.string_attr("reduction", "none");
  if (kind == "none") return Scatter::kSet;
  if (kind == "add") return Scatter::kAdd;
  return make_error(Fault::kInstall, "unsupported_attribute",
                    site.node.op + " runs with reduction none or add", kind, "", site.node.name);
}

/// Adds or stores n elements.
template <class T>
void put(Scatter kind, const std::byte* from, std::byte* to, size_t n) {
  const T* x = reinterpret_cast<const T*>(from);
  T* y = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < n; ++i) y[i] = kind == Scatter::kAdd ? y[i] + x[i] : x[i];
}
using Put = void (*)(Scatter, const std::byte*, std::byte*, size_t);
Result<Put> put_for(const OpSite& site, DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return &put<float>;
    case DType::kF64:
      return &put<double>;
    case DType::kI32:
      return &put<int32_t>;
    case DType::kI64:
      return &put<int64_t>;
    default:
      return unsupported_dtype(site, dtype);
  }
}

}  // namespace

BuildResult build_gather(const OpSite& site) {
  const Shape& shape = site.in[0].shape;
  const auto axis = static_cast<size_t>(site.axis(0, shape.size()));
  const size_t element = size_of(site.in[0].dtype);
  size_t outer = 1, inner = element;
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape[i]);
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  const int64_t size = shape[axis];
  const size_t picks = static_cast<size_t>(site.in[1].count);
  BB_ASSIGN_OR_RETURN(const Indices index, indices(site, 1));
  return make_kernel([=, where = site.node.name](const std::byte* const* in, std::byte* const* out,
                                                 std::byte*) -> Status {
    for (size_t p = 0; p < picks; ++p) {
      const int64_t raw = index.at(in[1], p);
      const int64_t row = wrap(raw, size);
      if (row < 0) return out_of_range(where, raw, size);
      for (size_t o = 0; inner != 0 && o < outer; ++o)
        std::memcpy(out[0] + (o * picks + p) * inner,
                    in[0] + (o * static_cast<size_t>(size) + static_cast<size_t>(row)) * inner,
                    inner);
    }
    return Status();
  });
}

BuildResult build_one_hot(const OpSite& site) {
  const Shape& out = site.out[0].shape;
  const auto axis = static_cast<size_t>(site.axis(-1, out.size()));
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(out[i]);
  for (size_t i = axis + 1; i < out.size(); ++i) inner *= static_cast<size_t>(out[i]);
  const int64_t depth = out[axis];
  const size_t element = size_of(site.out[0].dtype);
  BB_ASSIGN_OR_RETURN(const Indices index, indices(site, 0));
  return make_kernel([=](const std::byte* const* in, std::byte* const* to, std::byte*) {
    const std::byte* off = in[2];
    const std::byte* on = in[2] + element;
    const size_t total = outer * static_cast<size_t>(depth) * inner;
    for (size_t i = 0; i < total; ++i) std::memcpy(to[0] + i * element, off, element);
    for (size_t o = 0; o < outer; ++o)
      for (size_t i = 0; i < inner; ++i) {
        const int64_t hot = wrap(index.at(in[0], o * inner + i), depth);
        if (hot >= 0)
          std::memcpy(
              to[0] + ((o * static_cast<size_t>(depth) + static_cast<size_t>(hot)) * inner + i) *
                          element,
              on, element);
      }
    return Status();
  });
}

BuildResult build_scatter_elements(const OpSite& site) {
  const Shape& shape = site.in[0].shape;
  const Shape& picked = site.in[1].shape;
  const auto axis = static_cast<size_t>(site.axis(0, shape.size()));
  BB_ASSIGN_OR_RETURN(const Indices index, indices(site, 1));
  BB_ASSIGN_OR_RETURN(const Scatter kind, scatter_kind(site));
  BB_ASSIGN_OR_RETURN(const Put write, put_for(site, site.in[0].dtype));
  for (size_t i = 0; i < shape.size(); ++i)
    if (i != axis && picked[i] > shape[i])
      return make_error(
          Fault::kData, "shape_mismatch",
          "ScatterElements has more indices than data along axis " + std::to_string(i),
          text_of(picked), "data is " + text_of(shape), site.node.name);
  std::vector<int64_t> stride(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
  const size_t total = static_cast<size_t>(site.in[1].count), bytes = site.in[0].bytes();
  const size_t element = size_of(site.in[0].dtype);
  return make_kernel([=, where = site.node.name, size = shape[axis]](
                         const std::byte* const* in, std::byte* const* out, std::byte*) -> Status {
    if (bytes) std::memcpy(out[0], in[0], bytes);
    std::vector<int64_t> at(picked.size(), 0);
    for (size_t i = 0; i < total; ++i) {
      const int64_t raw = index.at(in[1], i);
      const int64_t row = wrap(raw, size);
      if (row < 0) return out_of_range(where, raw, size);
      int64_t offset = 0;
      for (size_t d = 0; d < at.size(); ++d) offset += (d == axis ? row : at[d]) * stride[d];
      write(kind, in[2] + i * element, out[0] + static_cast<size_t>(offset) * element, 1);
      for (size_t d = at.size(); d-- > 0;) {
        if (++at[d] < picked[d]) break;
        at[d] = 0;
      }
    }
    return Status();
  });
}

BuildResult build_scatter_nd(const OpSite& site) {
  const Shape& shape = site.in[0].shape;
  const auto depth = static_cast<size_t>(site.in[1].shape.back());
  const size_t tuples = depth == 0 ? 0 : static_cast<size_t>(site.in[1].count) / depth;
  BB_ASSIGN_OR_RETURN(const Indices index, indices(site, 1));
  BB_ASSIGN_OR_RETURN(const Scatter kind, scatter_kind(site));
  BB_ASSIGN_OR_RETURN(const Put write, put_for(site, site.in[0].dtype));
  std::vector<int64_t> stride(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
  size_t block = 1;
  for (size_t i = depth; i < shape.size(); ++i) block *= static_cast<size_t>(shape[i]);
  const size_t bytes = site.in[0].bytes(), element = size_of(site.in[0].dtype);
  return make_kernel([=, where = site.node.name](const std::byte* const* in, std::byte* const* out,
                                                 std::byte*) -> Status {
    if (bytes) std::memcpy(out[0], in[0], bytes);
    for (size_t t = 0; t < tuples; ++t) {
      int64_t offset = 0;
      for (size_t d = 0; d < depth; ++d) {
        const int64_t raw = index.at(in[1], t * depth + d);
        const int64_t row = wrap(raw, shape[d]);
        if (row < 0) return out_of_range(where, raw, shape[d]);
        offset += row * stride[d];
      }
      write(kind, in[2] + t * block * element, out[0] + static_cast<size_t>(offset) * element,
            block);
    }
    return Status();
  });
}

}  // namespace bb::cpu
