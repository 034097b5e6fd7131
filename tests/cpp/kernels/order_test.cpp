// Median, trimmed mean and nearest window against sorting, on every ISA, for every network size.
#include <algorithm>

#include "bb/kernels/columns.h"
#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

template <class T>
Rows<T> awkward_rows(size_t n, size_t d, bool with_nan) {
  std::vector<std::vector<T>> data;
  for (size_t i = 0; i < n; ++i) data.push_back(awkward_values<T>(d, 1000 * n + i, with_nan));
  return Rows<T>(std::move(data));
}

template <class T>
std::vector<T> sorted_column(const Rows<T>& rows, size_t j) {
  std::vector<T> column;
  for (const auto& row : rows.data) {
    column.push_back(std::isnan(row[j]) ? std::numeric_limits<T>::infinity() : row[j]);
  }
  std::sort(column.begin(), column.end());
  return column;
}

template <class T>
T median_oracle(const std::vector<T>& v) {
  const T a = v[(v.size() - 1) / 2];
  const T b = v[v.size() / 2];
  if (v.size() % 2 == 1) return b + T(0);
  const T sum = a + b;
  return (std::isfinite(sum) ? sum * T(0.5) : a * T(0.5) + b * T(0.5)) + T(0);
}

template <class T>
T mean_of_range(const std::vector<T>& v, size_t first, size_t count) {
  T sum = v[first];
  for (size_t i = first + 1; i < first + count; ++i) sum = sum + v[i];
  return sum / static_cast<T>(count) + T(0);
}

template <class T>
T nearest_oracle(const std::vector<T>& v, size_t keep) {
  const T median = median_oracle(v);
  size_t start = 0;
  for (; start + keep < v.size(); ++start) {
    const T below = median - v[start];
    const T above = v[start + keep] - median;
    if (below == above && v[start] != v[start + keep]) {
      return std::numeric_limits<T>::quiet_NaN();
    }
    if (!(below > above)) break;
  }
  return mean_of_range(v, start, keep);
}

/// Runs one rule over the columns [begin, end) and compares with the oracle column by column.
template <class T, class Call, class Oracle>
void check(const Rows<T>& rows, size_t begin, size_t end, Call call, Oracle oracle) {
  const size_t n = rows.pointers.size();
  std::vector<T> expected(end, T(-7));
  for (size_t j = begin; j < end; ++j) expected[j] = oracle(sorted_column(rows, j));
  const auto y = on_every_isa([&](const Table& table) {
    std::vector<T> out(end, T(-7));
    Scratch scratch(columns_scratch_bytes(n, sizeof(T)));
    call(table, out.data(), scratch.get());
    return out;
  });
  EXPECT_TRUE(same_bits(y, expected)) << "n " << n;
}

template <class T>
class Order : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Order, Types);

template <class T>
void check_all_rules(size_t n, size_t d, size_t begin, bool with_nan) {
  const Rows<T> rows = awkward_rows<T>(n, d, with_nan);
  const T* const* p = rows.pointers.data();
  check(
      rows, begin, d,
      [&](const Table& t, T* out, void* s) {
        BB_BY_TYPE(T, t, median_cols)(p, n, begin, d, out, s);
      },
      median_oracle<T>);
  for (const size_t f : {size_t{0}, (n - 1) / 4, (n - 1) / 2}) {
    check(
        rows, begin, d,
        [&](const Table& t, T* out, void* s) {
          BB_BY_TYPE(T, t, trimmed_mean_cols)(p, n, f, begin, d, out, s);
        },
        [&](const std::vector<T>& v) { return mean_of_range(v, f, n - 2 * f); });
  }
  for (const size_t keep : {size_t{1}, (n + 1) / 2, n}) {
    check(
        rows, begin, d,
        [&](const Table& t, T* out, void* s) {
          BB_BY_TYPE(T, t, closest_to_median_mean_cols)(p, n, keep, begin, d, out, s);
        },
        [&](const std::vector<T>& v) { return nearest_oracle(v, keep); });
  }
}

TYPED_TEST(Order, every_number_of_rows_matches_sorting) {
  for (size_t n = 1; n <= 70; ++n) check_all_rules<TypeParam>(n, 75, n % 3, false);
}

TYPED_TEST(Order, many_rows_match_sorting) {
  for (const size_t n : {96, 100, 127, 128, 129, 200, 257, 1000}) {
    check_all_rules<TypeParam>(n, 70, 1, false);
  }
}

TYPED_TEST(Order, odd_numbers_of_columns_and_empty_ranges) {
  for (const size_t d : kSizes) check_all_rules<TypeParam>(11, d, 0, false);
  for (const size_t d : kSizes) check_all_rules<TypeParam>(40, d, d / 2, false);
}

TYPED_TEST(Order, nan_sorts_as_infinity_on_every_path) {
  for (const size_t n : {1, 2, 5, 20, 33, 100}) check_all_rules<TypeParam>(n, 130, 0, true);
}

TYPED_TEST(Order, the_order_of_the_rows_does_not_matter) {
  using T = TypeParam;
  for (const size_t n : {7, 50}) {
    Rows<T> rows = awkward_rows<T>(n, 200, true);
    const auto run = [&] {
      return on_every_isa([&](const Table& t) {
        std::vector<T> out(600);
        Scratch scratch(columns_scratch_bytes(n, sizeof(T)));
        const T* const* p = rows.pointers.data();
        BB_BY_TYPE(T, t, median_cols)(p, n, 0, 200, out.data(), scratch.get());
        BB_BY_TYPE(T, t, trimmed_mean_cols)(p, n, 2, 0, 200, out.data() + 200, scratch.get());
        BB_BY_TYPE(T, t, closest_to_median_mean_cols)
        (p, n, 3, 0, 200, out.data() + 400, scratch.get());
        return out;
      });
    };
    const auto before = run();
    std::mt19937 generator(1);
    std::shuffle(rows.pointers.begin(), rows.pointers.end(), generator);
    EXPECT_TRUE(same_bits(before, run()));
  }
}

TYPED_TEST(Order, one_huge_row_cannot_disturb_a_trimmed_mean) {
  using T = TypeParam;
  std::vector<std::vector<T>> data(5, std::vector<T>(20, T(1)));
  data[3].assign(20, std::numeric_limits<T>::max());
  const Rows<T> rows(std::move(data));
  const auto y = on_every_isa([&](const Table& t) {
    std::vector<T> out(20);
    BB_BY_TYPE(T, t, trimmed_mean_cols)(rows.pointers.data(), 5, 1, 0, 20, out.data(), nullptr);
    return out;
  });
  EXPECT_EQ(y, std::vector<T>(20, T(1)));
}

TYPED_TEST(Order, a_tie_for_the_last_place_is_left_to_the_caller) {
  using T = TypeParam;
  // Median 4: {2, 4} and {4, 6} are equally close; three values are {2, 4, 6}; equal ones never
  // tie.
  const Rows<T> rows({{6, 4}, {0, 1}, {8, 9}, {2, 4}, {4, 4}});
  const auto y = on_every_isa([&](const Table& t) {
    std::vector<T> out(4);
    const T* const* p = rows.pointers.data();
    BB_BY_TYPE(T, t, closest_to_median_mean_cols)(p, 5, 2, 0, 2, out.data(), nullptr);
    BB_BY_TYPE(T, t, closest_to_median_mean_cols)(p, 5, 3, 0, 2, out.data() + 2, nullptr);
    return out;
  });
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], T(4));
  EXPECT_EQ(y[2], T(4));
  EXPECT_EQ(y[3], T(4));
}

TYPED_TEST(Order, values_close_to_the_median_beat_far_ones_on_the_same_side) {
  using T = TypeParam;
  // Sorted -1 -1 0 0 2, median 0: the three closest are {-1, 0, 0}.
  const Rows<T> rows({{0}, {-1}, {2}, {-1}, {0}});
  const auto y = on_every_isa([&](const Table& t) {
    std::vector<T> out(1);
    BB_BY_TYPE(T, t, closest_to_median_mean_cols)(rows.pointers.data(), 5, 3, 0, 1, out.data(),
                                                  nullptr);
    return out;
  });
  EXPECT_EQ(y[0], T(-1) / T(3));
}

}  // namespace
}  // namespace bb::kernels::testing
