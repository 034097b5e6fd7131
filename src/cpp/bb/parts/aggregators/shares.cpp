// Counts kept values: exactly by sorting every column, or by ranks on a small fixed sample.
#include "bb/parts/aggregators/shares.h"

#include <algorithm>
#include <numeric>

namespace bb::rules {
namespace {

constexpr size_t kColumnsPerSample = 64;
constexpr size_t kLeastSampled = 32;
constexpr size_t kMostSampled = 256;
constexpr size_t kMostRowsRanked = 64;  ///< beyond this, sorting is cheaper than counting ranks

size_t sample_size(size_t d) {
  return std::min(d, std::clamp(d / kColumnsPerSample, kLeastSampled, kMostSampled));
}

double value_at(const Rows& rows, size_t row, size_t column) {
  return rows.dtype == DType::kF32 ? static_cast<const float*>(rows.data[row])[column]
                                   : static_cast<const double*>(rows.data[row])[column];
}

/// One column with its rows in ascending order.
class SortedColumn {
 public:
  explicit SortedColumn(size_t n) : value_(n), order_(n) {}

  void load(const Rows& rows, size_t column) {
    for (size_t i = 0; i < value_.size(); ++i) value_[i] = value_at(rows, i, column);
    std::iota(order_.begin(), order_.end(), uint32_t{0});
    std::sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) {
      return value_[a] < value_[b] || (value_[a] == value_[b] && a < b);
    });
  }
  size_t row(size_t rank) const { return order_[rank]; }
  double sorted(size_t rank) const { return value_[order_[rank]]; }
  double median() const {
    const size_t n = value_.size();
    // Halves first: the sum of two large values may overflow.
    return n % 2 == 1 ? sorted(n / 2) : sorted(n / 2 - 1) / 2 + sorted(n / 2) / 2;
  }
  size_t first_kept(Window window, size_t keep) const {
    const size_t places = value_.size() - keep + 1;
    if (window == Window::kCentral) return (places - 1) / 2;
    const double middle = median();
    size_t best = 0;
    double best_gap = std::numeric_limits<double>::infinity();
    for (size_t first = 0; first < places; ++first) {
      const double gap = std::max(middle - sorted(first), sorted(first + keep - 1) - middle);
      if (gap < best_gap) {
        best = first;
        best_gap = gap;
      }
    }
    return best;
  }

 private:
  std::vector<double> value_;
  std::vector<uint32_t> order_;
};

std::vector<double> kept_in(const Rows& rows, Window window, size_t keep, size_t columns) {
  std::vector<size_t> count(rows.n(), 0);
  SortedColumn column(rows.n());
  for (size_t s = 0; s < columns; ++s) {
    column.load(rows, s * rows.d / columns);
    const size_t first = column.first_kept(window, keep);
    for (size_t rank = first; rank < first + keep; ++rank) ++count[column.row(rank)];
  }
  std::vector<double> fraction(rows.n());
  for (size_t i = 0; i < rows.n(); ++i)
    fraction[i] = static_cast<double>(count[i]) / static_cast<double>(columns);
  return fraction;
}

/// As kept_in for the central window, by counting for each pair of rows which is larger.
template <class T>
std::vector<double> kept_by_rank(const Rows& rows, size_t trim, size_t columns) {
  const size_t n = rows.n();
  std::vector<T> value(n * columns);
  std::vector<int32_t> rank(n * columns, 0);
  for (size_t i = 0; i < n; ++i)
    for (size_t s = 0; s < columns; ++s)
      value[i * columns + s] = static_cast<const T*>(rows.data[i])[s * rows.d / columns];
  for (size_t i = 0; i < n; ++i)
    for (size_t k = i + 1; k < n; ++k)
      for (size_t s = 0; s < columns; ++s) {
        const int32_t above = value[i * columns + s] > value[k * columns + s];
        rank[i * columns + s] += above;
        rank[k * columns + s] += 1 - above;
      }
  std::vector<double> fraction(n);
  const auto low = static_cast<int32_t>(trim);
  const auto high = static_cast<int32_t>(n - trim);
  for (size_t i = 0; i < n; ++i) {
    int32_t kept = 0;
    for (size_t s = 0; s < columns; ++s)
      kept += rank[i * columns + s] >= low && rank[i * columns + s] < high;
    fraction[i] = static_cast<double>(kept) / static_cast<double>(columns);
  }
  return fraction;
}

}  // namespace

std::vector<double> kept_fractions(const Rows& rows, Window window, size_t keep) {
  return kept_in(rows, window, keep, rows.d);
}

std::vector<double> sampled_kept_fractions(const Rows& rows, size_t trim) {
  const size_t columns = sample_size(rows.d);
  if (rows.n() > kMostRowsRanked)
    return kept_in(rows, Window::kCentral, rows.n() - 2 * trim, columns);
  return rows.dtype == DType::kF32 ? kept_by_rank<float>(rows, trim, columns)
                                   : kept_by_rank<double>(rows, trim, columns);
}

void judge_trimmed(const RuleCall& call, size_t trim, std::span<RowOutcome> outcomes) {
  const size_t n = call.rows.n();
  const std::vector<double> kept = call.detail == Detail::kShares
                                       ? kept_fractions(call.rows, Window::kCentral, n - 2 * trim)
                                       : sampled_kept_fractions(call.rows, trim);
  const double equal_share = static_cast<double>(n - 2 * trim) / static_cast<double>(n);
  for (size_t i = 0; i < n; ++i) {
    outcomes[i].score = kept[i];
    if (kept[i] >= equal_share / 2) continue;
    outcomes[i].verdict = kept[i] < equal_share / 10 ? Verdict::kRejected : Verdict::kPartial;
    outcomes[i].reason = "trimmed";
  }
}

void share_columns(const RuleCall& call, Window window, size_t keep,
                   std::span<RowOutcome> outcomes) {
  if (call.detail != Detail::kShares) return;
  const std::vector<double> kept = kept_fractions(call.rows, window, keep);
  for (size_t i = 0; i < kept.size(); ++i) outcomes[i].weight = kept[i] / static_cast<double>(keep);
}

}  // namespace bb::rules
