// Sorts one column at a time and shrinks a window until it holds the nearest values.
#include "bb/parts/aggregators/around.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bb/parts/aggregators/shares.h"
#include "bb/tensor/parallel.h"

namespace bb::rules {
namespace {

constexpr size_t kColumnsPerTask = 4096;

/// One column in ascending order, equal values by row.
class SortedColumn {
 public:
  SortedColumn(const Rows& rows, Around around)
      : rows_(rows), around_(around), value_(rows.n()), row_(rows.n()) {}

  void load(size_t j) {
    for (size_t i = 0; i < value_.size(); ++i) {
      const double value = rows_.dtype == DType::kF32
                               ? static_cast<double>(static_cast<const float*>(rows_.data[i])[j])
                               : static_cast<const double*>(rows_.data[i])[j];
      size_t at = i;
      for (; at > 0 && value_[at - 1] > value; --at) {
        value_[at] = value_[at - 1];
        row_[at] = row_[at - 1];
      }
      value_[at] = value;
      row_[at] = static_cast<uint32_t>(i);
    }
  }

  /// The rows that count; changes the order: load again before another question.
  std::span<const uint32_t> nearest() {
    const double centre = this->centre();
    size_t low = 0;
    size_t high = value_.size();
    while (high - low > around_.keep) {
      const double below = centre - value_[low];
      const double above = value_[high - 1] - centre;
      if (below == above) return nearest_by_row(centre);
      if (below > above)
        ++low;
      else
        --high;
    }
    kept_.assign(value_.begin() + static_cast<ptrdiff_t>(low),
                 value_.begin() + static_cast<ptrdiff_t>(high));
    return std::span(row_).subspan(low, around_.keep);
  }

  double mean() {
    nearest();
    return mean_of(kept_);
  }

 private:
  double centre() const {
    const size_t n = value_.size();
    if (around_.centre == Around::Centre::kTrimmedMean)
      return mean_of(std::span(value_).subspan(around_.trim, n - 2 * around_.trim));
    const std::span<const double> middle =
        std::span(value_).subspan((n - 1) / 2, n % 2 == 1 ? 1 : 2);
    return mean_of(middle);
  }

  static double mean_of(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    if (std::isfinite(sum)) return sum / count;
    double mean = 0;
    for (const double value : values) mean += value / count;
    return mean;
  }

  /// For a tie between a value below and one above the centre: the lower row goes first.
  std::span<const uint32_t> nearest_by_row(double centre) {
    std::vector<uint32_t> order(row_.size());
    std::iota(order.begin(), order.end(), uint32_t{0});
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const double gap_a = std::abs(value_[a] - centre);
      const double gap_b = std::abs(value_[b] - centre);
      return gap_a < gap_b || (gap_a == gap_b && row_[a] < row_[b]);
    });
    order.resize(around_.keep);
    std::sort(order.begin(), order.end());
    kept_.clear();
    for (uint32_t& place : order) {
      kept_.push_back(value_[place]);
      place = row_[place];
    }
    std::copy(order.begin(), order.end(), row_.begin());
    return std::span(row_).first(around_.keep);
  }

  const Rows& rows_;
  Around around_;
  std::vector<double> value_;
  std::vector<uint32_t> row_;
  std::vector<double> kept_;  ///< values of the last answer, ascending
};

std::vector<double> counted_fractions(const Rows& rows, Around around, size_t columns) {
  std::vector<size_t> count(rows.n(), 0);
  SortedColumn column(rows, around);
  for (size_t s = 0; s < columns; ++s) {
    column.load(s * rows.d / columns);
    for (const uint32_t row : column.nearest()) ++count[row];
  }
  std::vector<double> fraction(rows.n());
  for (size_t i = 0; i < rows.n(); ++i)
    fraction[i] = static_cast<double>(count[i]) / static_cast<double>(columns);
  return fraction;
}

}  // namespace

void mean_around(const Rows& rows, Around around, void* out) {
  parallel_for(rows.d, kColumnsPerTask, rows.n() * size_of(rows.dtype),
               [&](size_t begin, size_t end) {
                 SortedColumn column(rows, around);
                 for (size_t j = begin; j < end; ++j) {
                   column.load(j);
                   if (rows.dtype == DType::kF32)
                     static_cast<float*>(out)[j] = static_cast<float>(column.mean());
                   else
                     static_cast<double*>(out)[j] = column.mean();
                 }
               });
}

void judge_around(const RuleCall& call, Around around, std::span<RowOutcome> outcomes) {
  const bool exact = call.detail == Detail::kShares;
  const size_t columns = exact ? call.rows.d : sampled_columns(call.rows.d);
  const std::vector<double> counted = counted_fractions(call.rows, around, columns);
  const auto keep = static_cast<double>(around.keep);
  const double equal_share = keep / static_cast<double>(call.rows.n());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    RowOutcome& row = outcomes[i];
    row = {};
    row.score = counted[i];
    if (exact) row.weight = counted[i] / keep;
    if (counted[i] >= equal_share / 2) continue;
    row.verdict = counted[i] < equal_share / 10 ? Verdict::kRejected : Verdict::kPartial;
    row.reason = "trimmed";
  }
}

}  // namespace bb::rules
