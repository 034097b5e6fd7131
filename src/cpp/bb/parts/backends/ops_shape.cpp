// Operators that move or make elements without arithmetic: transpose, expand, concat, slice, fills.
#include <algorithm>

#include "bb/parts/backends/broadcast.h"
#include "bb/parts/backends/kernel.h"
#include "bb/parts/backends/permute.h"

namespace bb::cpu {
namespace {

std::vector<size_t> permutation_of(const OpSite& site) {
  const size_t rank = site.in[0].shape.size();
  std::vector<size_t> perm;
  for (int64_t p : site.node.ints_attr("perm")) perm.push_back(static_cast<size_t>(p));
  if (perm.empty())
    for (size_t i = rank; i-- > 0;) perm.push_back(i);
  return perm;
}

/// First index, step and count per axis of a Slice.
struct SlicePlan {
  std::vector<int64_t> start, step;
};

Result<SlicePlan> plan_slice(const OpSite& site) {
  const Shape& shape = site.in[0].shape;
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> starts, site.ints(1));
  std::vector<int64_t> axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (site.has_input(3)) {
    BB_ASSIGN_OR_RETURN(axes, site.ints(3));
  }
  if (site.has_input(4)) {
    BB_ASSIGN_OR_RETURN(steps, site.ints(4));
  }
  SlicePlan plan{std::vector<int64_t>(shape.size(), 0), std::vector<int64_t>(shape.size(), 1)};
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis =
        static_cast<size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(shape.size()) : axes[i]);
    const int64_t dim = shape[axis];
    int64_t first = starts[i] < 0 ? starts[i] + dim : starts[i];
    first = std::clamp<int64_t>(first, 0, steps[i] > 0 || dim == 0 ? dim : dim - 1);
    plan.start[axis] = first;
    plan.step[axis] = steps[i];
  }
  return plan;
}

std::vector<int64_t> row_major(const Shape& shape) {
  std::vector<int64_t> stride(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
  return stride;
}

}  // namespace

std::optional<size_t> alias_whole(const OpSite&) { return 0; }

BuildResult build_copy(const OpSite& site) {
  const size_t bytes = site.out[0].bytes();
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    if (bytes) std::memcpy(out[0], in[0], bytes);
    return Status();
  });
}

std::optional<size_t> alias_transpose(const OpSite& site) {
  const Permutation move(site.in[0].shape, permutation_of(site), size_of(site.in[0].dtype));
  return move.identity() ? std::optional<size_t>(0) : std::nullopt;
}

BuildResult build_transpose(const OpSite& site) {
  const Permutation move(site.in[0].shape, permutation_of(site), size_of(site.in[0].dtype));
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    move.run(in[0], out[0]);
    return Status();
  });
}

std::optional<size_t> alias_expand(const OpSite& site) {
  return site.in[0].count == site.out[0].count ? std::optional<size_t>(0) : std::nullopt;
}

BuildResult build_expand(const OpSite& site) {
  const auto loop = plan_broadcast<1>({&site.in[0].shape}, site.out[0].shape);
  const size_t element = size_of(site.in[0].dtype);
  const bool empty = site.out[0].count == 0;
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    if (empty) return Status();
    loop.each([&](const auto& offset, size_t position) {
      for (size_t i = 0; i < loop.rows; ++i) {
        const std::byte* from =
            in[0] + (static_cast<size_t>(offset[0]) + i * loop.row_stride[0]) * element;
        std::byte* to = out[0] + (position + i * loop.cols) * element;
        if (loop.col_step[0] == 1) {
          std::memcpy(to, from, loop.cols * element);
        } else {
          for (size_t j = 0; j < loop.cols; ++j) std::memcpy(to + j * element, from, element);
        }
      }
    });
    return Status();
  });
}

BuildResult build_concat(const OpSite& site) {
  const size_t element = size_of(site.out[0].dtype);
  const auto axis = static_cast<size_t>(site.axis(0, site.out[0].shape.size()));
  size_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(site.out[0].shape[i]);
  std::vector<size_t> piece;
  size_t row = 0;
  for (const Desc& d : site.in) {
    piece.push_back(outer == 0 ? 0 : static_cast<size_t>(d.count) / outer * element);
    row += piece.back();
  }
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    for (size_t o = 0; o < outer; ++o) {
      std::byte* to = out[0] + o * row;
      for (size_t p = 0; p < piece.size(); to += piece[p], ++p)
        if (piece[p] != 0 && in[p] + o * piece[p] != to)
          std::memcpy(to, in[p] + o * piece[p], piece[p]);
    }
    return Status();
  });
}

std::optional<size_t> alias_slice(const OpSite& site) {
  auto planned = plan_slice(site);
  if (!planned.ok() || site.out[0].count == 0) return std::nullopt;
  const Shape& in = site.in[0].shape;
  const Shape& out = site.out[0].shape;
  const std::vector<int64_t> stride = row_major(in);
  // Contiguous when only the first axis of size > 1 in the output is cut.
  bool inside = false;
  int64_t offset = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    offset += planned->start[i] * stride[i];
    if (out[i] > 1 && planned->step[i] != 1) return std::nullopt;
    if (inside && out[i] != in[i]) return std::nullopt;
    if (out[i] > 1) inside = true;
  }
  return static_cast<size_t>(offset) * size_of(site.in[0].dtype);
}

BuildResult build_slice(const OpSite& site) {
  BB_ASSIGN_OR_RETURN(const SlicePlan plan, plan_slice(site));
  const size_t element = size_of(site.in[0].dtype);
  const std::vector<int64_t> stride = row_major(site.in[0].shape);
  const Shape shape = site.out[0].shape;
  const size_t total = static_cast<size_t>(site.out[0].count);
  int64_t base = 0;
  std::vector<int64_t> jump(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    base += plan.start[i] * stride[i];
    jump[i] = plan.step[i] * stride[i];
  }
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    std::vector<int64_t> index(shape.size(), 0);
    int64_t offset = base;
    for (size_t i = 0; i < total; ++i) {
      std::memcpy(out[0] + i * element, in[0] + static_cast<size_t>(offset) * element, element);
      for (size_t d = shape.size(); d-- > 0;) {
        offset += jump[d];
        if (++index[d] < shape[d]) break;
        offset -= jump[d] * shape[d];
        index[d] = 0;
      }
    }
    return Status();
  });
}

BuildResult build_constant_of_shape(const OpSite& site) {
  Tensor value = Tensor::scalar<float>(0.0f);
  if (const ir::Attr* attr = site.node.attr("value")) value = std::get<Tensor>(*attr);
  const size_t count = static_cast<size_t>(site.out[0].count);
  const size_t element = size_of(site.out[0].dtype);
  return make_kernel([=](const std::byte* const*, std::byte* const* out, std::byte*) {
    for (size_t i = 0; i < count; ++i) std::memcpy(out[0] + i * element, value.raw(), element);
    return Status();
  });
}

BuildResult build_range(const OpSite& site) {
  if (site.out[0].dtype != DType::kI64) return unsupported_dtype(site, site.out[0].dtype);
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> start, site.ints(0));
  BB_ASSIGN_OR_RETURN(const std::vector<int64_t> step, site.ints(2));
  const size_t count = static_cast<size_t>(site.out[0].count);
  return make_kernel([=](const std::byte* const*, std::byte* const* out, std::byte*) {
    for (size_t i = 0; i < count; ++i)
      at<int64_t>(out[0])[i] = start[0] + static_cast<int64_t>(i) * step[0];
    return Status();
  });
}

}  // namespace bb::cpu
