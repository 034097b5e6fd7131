// Counts kept values: exactly by sorting every column, or by ranks on a small fixed sample.
#include "bb/parts/aggregators/shares.h"

#include <algorithm>

#include "bb/parts/aggregators/column.h"

namespace bb::rules {
namespace {

constexpr size_t kColumnsPerSample = 64;
constexpr size_t kLeastSampled = 32;
constexpr size_t kMostSampled = 256;
constexpr size_t kMostRowsRanked = 64;  ///< beyond this, sorting is cheaper than counting ranks

template <class T>
std::vector<double> kept_in(const Rows& rows, Window window, size_t keep, size_t columns) {
  std::vector<size_t> count(rows.n(), 0);
  Column<T> column(rows.n());
  for (size_t s = 0; s < columns; ++s) {
    column.load(rows, s * rows.d / columns);
    for (const uint32_t row :
         window == Window::kCentral ? column.central(keep) : column.closest(keep))
      ++count[row];
  }
  std::vector<double> fraction(rows.n());
  for (size_t i = 0; i < rows.n(); ++i)
    fraction[i] = static_cast<double>(count[i]) / static_cast<double>(columns);
  return fraction;
}

std::vector<double> kept_in_columns(const Rows& rows, Window window, size_t keep, size_t columns) {
  return rows.dtype == DType::kF32 ? kept_in<float>(rows, window, keep, columns)
                                   : kept_in<double>(rows, window, keep, columns);
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

size_t sampled_columns(size_t d) {
  return std::min(d, std::clamp(d / kColumnsPerSample, kLeastSampled, kMostSampled));
}

std::vector<double> kept_fractions(const Rows& rows, Window window, size_t keep) {
  return kept_in_columns(rows, window, keep, rows.d);
}

std::vector<double> sampled_kept_fractions(const Rows& rows, size_t trim) {
  const size_t columns = sampled_columns(rows.d);
  if (rows.n() > kMostRowsRanked)
    return kept_in_columns(rows, Window::kCentral, rows.n() - 2 * trim, columns);
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
