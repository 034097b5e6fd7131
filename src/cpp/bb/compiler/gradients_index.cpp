// Gradients of Slice and Gather: blocks where the place is known now, ScatterND additions
// elsewhere.
#include <algorithm>

#include "bb/compiler/gradients.h"

namespace bb::compiler {
namespace {

/// Zeros of the shape `wanted` with `g` added at positions `indices` (of rank q) of `axis`; g has q
/// axes in place of that one.
std::string scatter(Writer& write, const std::string& g, const std::string& indices, int64_t axis,
                    Dims wanted, std::vector<DimSource> sources) {
  const int64_t q = write.rank(indices);
  Ints forth = all_axes(write.rank(g));
  std::rotate(forth.begin(), forth.begin() + axis, forth.begin() + axis + q);
  Ints back = all_axes(static_cast<int64_t>(wanted.size()));
  std::rotate(back.begin(), back.begin() + 1, back.begin() + axis + 1);
  std::rotate(wanted.begin(), wanted.begin() + axis, wanted.begin() + axis + 1);
  std::rotate(sources.begin(), sources.begin() + axis, sources.begin() + axis + 1);
  const std::string zeros = write.zeros(write.dtype(g), wanted, sources);
  const std::string rows = write.unsqueeze(write.cast(indices, DType::kI64), {q});
  const std::string sum = write.emit("ScatterND", {zeros, rows, write.transpose(g, forth)},
                                     write.type(zeros), {{"reduction", std::string("add")}});
  return write.transpose(sum, back);
}

/// What a Slice takes along one axis: `size` positions from `first` by `step`; size -1: not known
/// now.
struct Range {
  int64_t axis = 0;
  size_t position = 0;  ///< in the lists of starts, ends and steps
  int64_t first = 0;
  int64_t size = -1;
  int64_t step = 1;
  bool block() const { return size >= 0 && step == 1; }
};

/// The positions that start:end:step takes of `total`, by the rules of Slice.
void resolve(Range& range, int64_t start, int64_t end, int64_t total) {
  range.size = 0;
  if (total == 0) return;
  const bool forward = range.step > 0;
  const auto clamp = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? at + total : at, low, high);
  };
  range.first = forward ? clamp(start, 0, total) : clamp(start, 0, total - 1);
  const int64_t last = forward ? clamp(end, 0, total) : clamp(end, -1, total - 1);
  const int64_t distance = forward ? last - range.first : range.first - last;
  const int64_t stride = forward ? range.step : -range.step;
  if (distance > 0) range.size = (distance + stride - 1) / stride;
}

Result<std::vector<Range>> ranges_of(const Step& step) {
  const Writer& write = step.write;
  const ir::Dim& count = write.dims(step.in(1))[0];
  Ints axes = all_axes(std::max<int64_t>(count.value, 0));
  if (step.has_input(3)) {
    BB_ASSIGN_OR_RETURN(axes, step.constant_ints(3));
  } else if (!count.known()) {
    return step.error("not_constant", "its gradient needs to know which axes are sliced",
                      step.in(1), "pass axes as a list of integers");
  }
  const auto starts = step.constant_ints(1), ends = step.constant_ints(2);
  Result<Ints> steps = Ints(axes.size(), 1);
  if (step.has_input(4)) steps = step.constant_ints(4);
  std::vector<Range> ranges;
  for (size_t j = 0; j < axes.size(); ++j) {
    Range range{.axis = from_front(axes[j], write.rank(step.in(0))), .position = j};
    const ir::Dim& total = write.dims(step.in(0))[static_cast<size_t>(range.axis)];
    if (starts.ok() && ends.ok() && steps.ok() && total.known()) {
      range.step = steps.value()[j];
      resolve(range, starts.value()[j], ends.value()[j], total.value);
    }
    ranges.push_back(range);
  }
  return ranges;
}

/// int64[1]: entry `position` of input i of a Slice.
std::string entry(Step& step, size_t i, size_t position) {
  Writer& write = step.write;
  if (!step.has_input(i)) return write.ints({1});
  const auto at = static_cast<int64_t>(position);
  if (const auto numbers = step.constant_ints(i); numbers.ok())
    return write.ints({numbers.value()[position]});
  const std::string value = write.cast(step.in(i), DType::kI64);
  return write.emit("Slice", {value, write.ints({at}), write.ints({at + 1}), write.ints({0})},
                    ir::Type::tensor(DType::kI64, Shape{1}));
}

/// int64[n]: the positions a range takes.
std::string positions(Step& step, const Range& range, const ir::Dim& taken) {
  Writer& write = step.write;
  if (range.size >= 0) {
    Ints numbers;
    for (int64_t k = 0; k < range.size; ++k) numbers.push_back(range.first + k * range.step);
    return write.ints(numbers);
  }
  const ir::Dim& total = write.dims(step.in(0))[static_cast<size_t>(range.axis)];
  const std::string zero = write.scalar(0, DType::kI64), one = write.scalar(1, DType::kI64);
  const std::string all =
      write.emit("Range", {zero, write.count(step.in(0), {range.axis}, DType::kI64), one},
                 ir::Type::tensor(DType::kI64, Dims{total}));
  return write.emit("Slice",
                    {all, entry(step, 1, range.position), entry(step, 2, range.position),
                     write.ints({0}), entry(step, 4, range.position)},
                    ir::Type::tensor(DType::kI64, Dims{taken}));
}

/// Undoes the slicing of one axis.
std::string widen(Step& step, const Range& range, const std::string& g) {
  Writer& write = step.write;
  const auto index = static_cast<size_t>(range.axis);
  Dims wanted = write.dims(g);
  std::vector<DimSource> sources = axes_of(g, write.rank(g));
  const ir::Dim taken = wanted[index];
  wanted[index] = write.dims(step.in(0))[index];
  sources[index] = {step.in(0), range.axis};
  if (range.block())
    return write.join({{g, range.axis, range.first, range.size}}, wanted[index].value);
  return scatter(write, g, positions(step, range, taken), range.axis, wanted, sources);
}

}  // namespace

Status slice_gradient(Step& step) {
  BB_ASSIGN_OR_RETURN(std::vector<Range> ranges, ranges_of(step));
  const auto whole = [&](const Range& range) {
    const ir::Dim& total = step.write.dims(step.in(0))[static_cast<size_t>(range.axis)];
    return range.block() && range.size == total.value;
  };
  std::erase_if(ranges, whole);
  std::stable_partition(ranges.begin(), ranges.end(), [](const Range& r) { return !r.block(); });
  std::string g = step.dy();
  for (size_t j = 0; j < ranges.size(); ++j) {
    const Range& range = ranges[j];
    if (j + 1 == ranges.size() && range.block() && range.size > 0) {
      step.add_block(0, g, range.axis, range.first, range.size);
      return {};
    }
    g = widen(step, range, g);
  }
  step.add(0, g);
  return {};
}

/// Rows picked several times get the sum of their gradients.
Status gather_gradient(Step& step) {
  Writer& write = step.write;
  const std::string& x = step.in(0);
  const std::string& indices = step.in(1);
  const int64_t axis = step.axis(0, write.rank(x));
  const ir::Dim& total = write.dims(x)[static_cast<size_t>(axis)];
  const auto constant = step.constant_ints(1);
  if (constant.ok() && constant.value().size() == 1 && write.rank(indices) <= 1 && total.known()) {
    const std::string row =
        write.rank(indices) == 0 ? write.unsqueeze(step.dy(), {axis}) : step.dy();
    step.add_block(0, row, axis, from_front(constant.value()[0], total.value), 1);
    return {};
  }
  step.add(0, scatter(write, step.dy(), indices, axis, write.dims(x), axes_of(x, write.rank(x))));
  return {};
}

}  // namespace bb::compiler
