// Runs column and distance kernels over chunks of columns, on several threads where it pays.
#include "bb/parts/aggregators/row_ops.h"

#include <atomic>
#include <cmath>
#include <cstring>

#include "bb/kernels/table.h"
#include "bb/parts/aggregators/column.h"
#include "bb/tensor/parallel.h"

namespace bb::rules {
namespace {

using kernels::kChunk;

template <class T>
std::vector<const T*> typed(const Rows& rows) {
  std::vector<const T*> out;
  out.reserve(rows.n());
  for (const void* row : rows.data) out.push_back(static_cast<const T*>(row));
  return out;
}

template <class T>
auto pick(auto f32, auto f64) {
  if constexpr (std::is_same_v<T, float>)
    return f32;
  else
    return f64;
}

/// Calls body with a value of the rows' element type.
template <class Body>
auto with_element(DType dtype, Body body) {
  BB_CHECK(dtype == DType::kF32 || dtype == DType::kF64);
  return dtype == DType::kF32 ? body(float{}) : body(double{});
}

/// Scratch memory of this thread, 64-byte aligned; null for 0 bytes.
void* scratch_of(size_t bytes) {
  if (bytes == 0) return nullptr;
  thread_local std::shared_ptr<Buffer> scratch;
  if (!scratch || scratch->size() < bytes) scratch = Buffer::allocate(bytes);
  return scratch->mutable_data();
}

/// Runs body(begin, end, scratch) over all columns in chunks; says whether all calls did.
template <class T, class Body>
bool over_columns(const Rows& rows, Body body) {
  const size_t bytes = kernels::columns_scratch_bytes(rows.n(), sizeof(T));
  if (rows.d <= kChunk) return body(0, rows.d, scratch_of(bytes));
  std::atomic<bool> all{true};
  parallel_for(rows.d, kChunk, rows.n() * sizeof(T), [&](size_t begin, size_t end) {
    if (!body(begin, end, scratch_of(bytes))) all.store(false, std::memory_order_relaxed);
  });
  return all.load(std::memory_order_relaxed);
}

/// Fills the columns in which the kernel found a tie for the last place: the lower row is kept.
template <class T>
void settle_ties(const Rows& rows, size_t keep, size_t begin, size_t end, T* means) {
  Column<T> column(0);
  for (size_t j = begin; j < end; ++j) {
    if (means[j] == means[j]) continue;
    column = Column<T>(rows.n());
    column.load(rows, j);
    means[j] = column.mean(column.closest(keep));
  }
}

bool is_finite(double value) { return std::isfinite(value); }

bool all_rows_finite(const Rows& rows) {
  return std::all_of(rows.data.begin(), rows.data.end(),
                     [&](const void* row) { return all_finite(row, rows.dtype, rows.d); });
}

/// The squared distance of two float32 rows in double, where nothing overflows or vanishes.
double exact_square(const float* a, const float* b, size_t d) {
  constexpr size_t kLanes = 4;
  double lane[kLanes] = {};
  for (size_t j = 0; j < d; ++j) {
    const double gap = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    lane[j % kLanes] += gap * gap;
  }
  return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/// Below this a float32 sum of squares may have lost digits to the end of the float range.
constexpr double kSmallestTrusted = 1e-27;

void repair_extremes(const std::vector<const float*>& rows, size_t d, std::vector<double>& square) {
  const size_t n = rows.size();
  for (size_t i = 0; i < n; ++i)
    for (size_t k = i + 1; k < n; ++k) {
      const double value = square[i * n + k];
      if (value >= kSmallestTrusted * static_cast<double>(d) && std::isfinite(value)) continue;
      const bool same = rows[i] == rows[k] || std::memcmp(rows[i], rows[k], d * sizeof(float)) == 0;
      square[i * n + k] = square[k * n + i] = same ? 0.0 : exact_square(rows[i], rows[k], d);
    }
}

/// Partial tables of one wave of chunks, added to `total` in chunk order.
template <class T, class Kernel>
void add_distances(const std::vector<const T*>& rows, size_t d, Kernel kernel,
                   std::vector<double>& total) {
  const size_t n = rows.size();
  const size_t wave = static_cast<size_t>(thread_limit()) * 2;
  std::vector<double> partial(wave * n * n);
  for (size_t first = 0; first < d; first += wave * kChunk) {
    const size_t columns = std::min(d - first, wave * kChunk);
    std::fill(partial.begin(), partial.end(), 0.0);
    parallel_for(columns, kChunk, n * n * sizeof(T), [&](size_t begin, size_t end) {
      kernel(rows.data(), n, first + begin, first + end, partial.data() + begin / kChunk * n * n);
    });
    for (size_t k = 0; k * kChunk < columns; ++k)
      for (size_t i = 0; i < n * n; ++i) total[i] += partial[k * n * n + i];
  }
}

}  // namespace

bool all_finite(const void* row, DType dtype, size_t d) {
  const kernels::Table& table = kernels::active();
  return dtype == DType::kF32 ? table.count_non_finite_f32(static_cast<const float*>(row), d) == 0
                              : table.count_non_finite_f64(static_cast<const double*>(row), d) == 0;
}

bool mean_of(const Rows& rows, void* out) {
  const kernels::Table& table = kernels::active();
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick<T>(table.mean_rows_of_f32, table.mean_rows_of_f64);
    const auto data = typed<T>(rows);
    return over_columns<T>(rows, [&](size_t begin, size_t end, void*) {
      return kernel(data.data(), data.size(), begin, end, static_cast<T*>(out));
    });
  });
}

bool median_of(const Rows& rows, void* out) {
  const kernels::Table& table = kernels::active();
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick<T>(table.median_cols_f32, table.median_cols_f64);
    const auto data = typed<T>(rows);
    return over_columns<T>(rows, [&](size_t begin, size_t end, void* scratch) {
      return kernel(data.data(), data.size(), begin, end, static_cast<T*>(out), scratch);
    });
  });
}

bool trimmed_mean_of(const Rows& rows, size_t trim, void* out) {
  const kernels::Table& table = kernels::active();
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick<T>(table.trimmed_mean_cols_f32, table.trimmed_mean_cols_f64);
    const auto data = typed<T>(rows);
    return over_columns<T>(rows, [&](size_t begin, size_t end, void* scratch) {
      return kernel(data.data(), data.size(), trim, begin, end, static_cast<T*>(out), scratch);
    });
  });
}

bool closest_mean_of(const Rows& rows, size_t keep, void* out) {
  const kernels::Table& table = kernels::active();
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel =
        pick<T>(table.closest_to_median_mean_cols_f32, table.closest_to_median_mean_cols_f64);
    const auto data = typed<T>(rows);
    return over_columns<T>(rows, [&](size_t begin, size_t end, void* scratch) {
      T* means = static_cast<T*>(out);
      const bool finite = kernel(data.data(), data.size(), keep, begin, end, means, scratch);
      if (finite) settle_ties(rows, keep, begin, end, means);
      return finite;
    });
  });
}

bool weighted_sum_of(const Rows& rows, std::span<const double> weights, void* out) {
  const kernels::Table& table = kernels::active();
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick<T>(table.combine_rows_f32, table.combine_rows_f64);
    const auto data = typed<T>(rows);
    std::vector<T> factors(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) factors[i] = static_cast<T>(weights[i]);
    return over_columns<T>(rows, [&](size_t begin, size_t end, void*) {
      return kernel(data.data(), factors.data(), data.size(), begin, end, static_cast<T*>(out));
    });
  });
}

bool squared_distances(const Rows& rows, std::vector<double>& square) {
  const kernels::Table& table = kernels::active();
  square.assign(rows.n() * rows.n(), 0.0);
  return with_element(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick<T>(table.distances_f32, table.distances_f64);
    const auto data = typed<T>(rows);
    if (rows.d <= kChunk)
      kernel(data.data(), data.size(), 0, rows.d, square.data());
    else
      add_distances(data, rows.d, kernel, square);
    // A row that is not finite is so far from all others; one alone has no others to show it.
    const bool suspect = rows.n() == 1 || !std::all_of(square.begin(), square.end(), is_finite);
    if (suspect && !all_rows_finite(rows)) return false;
    if constexpr (std::is_same_v<T, float>) repair_extremes(data, rows.d, square);
    return true;
  });
}

std::vector<double> squared_distances(const Rows& rows) {
  std::vector<double> square;
  const bool finite = squared_distances(rows, square);
  BB_CHECK(finite);
  return square;
}

}  // namespace bb::rules
