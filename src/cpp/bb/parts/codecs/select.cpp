// Exact selection: a sampled threshold, one pass that keeps candidates, an exact finish.
#include "bb/parts/codecs/select.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "bb/kernels/table.h"
#include "bb/tensor/parallel.h"

namespace bb::coding {
namespace {

constexpr size_t kGrain = size_t{1} << 17;
constexpr size_t kSlack = 16;  ///< entries that the kernel may write beyond its capacity

struct Candidates {
  std::vector<uint32_t> index;
  std::vector<uint32_t> magnitude;
};

uint32_t magnitude_of(float x) { return std::bit_cast<uint32_t>(x) & 0x7FFFFFFFU; }

/// A magnitude that about 1.2 k values reach, from cache lines spread evenly over x.
uint32_t guess(const float* x, size_t n, size_t k) {
  constexpr size_t kLines = 1024;
  constexpr size_t kLine = 16;
  if (n < 4 * kLines * kLine) return 0;
  std::vector<uint32_t> sample;
  sample.reserve(kLines * kLine);
  for (size_t i = 0; i < kLines; ++i) {
    const size_t begin = i * (n - kLine) / (kLines - 1);
    for (size_t j = 0; j < kLine; ++j) sample.push_back(magnitude_of(x[begin + j]));
  }
  const double expected =
      static_cast<double>(k) * static_cast<double>(sample.size()) / static_cast<double>(n);
  const auto rank = static_cast<size_t>(1.1 * expected + 6 * std::sqrt(expected) + 8);
  if (rank >= sample.size()) return 0;
  const auto at = sample.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sample.begin(), at, sample.end(), std::greater<>());
  return *at;
}

/// All values that reach the threshold, in order; false when there are more than `most`.
bool collect(const float* x, size_t n, uint32_t threshold, size_t most, Candidates& out) {
  const size_t chunks = (n + kGrain - 1) / kGrain;
  const size_t capacity = std::min(kGrain, 2 * most / chunks + 1024);
  std::vector<Candidates> parts(chunks);
  std::vector<size_t> found(chunks);
  const auto above = kernels::active().above;
  parallel_for(n, kGrain, 4, [&](size_t begin, size_t end) {
    const size_t chunk = begin / kGrain;
    thread_local Candidates buffer;
    if (buffer.index.size() < capacity + kSlack) {
      buffer.index.resize(capacity + kSlack);
      buffer.magnitude.resize(capacity + kSlack);
    }
    const size_t count = above(x + begin, end - begin, threshold, static_cast<uint32_t>(begin),
                               buffer.index.data(), buffer.magnitude.data(), capacity);
    found[chunk] = count;
    if (count > capacity) return;
    parts[chunk].index.assign(buffer.index.begin(),
                              buffer.index.begin() + static_cast<std::ptrdiff_t>(count));
    parts[chunk].magnitude.assign(buffer.magnitude.begin(),
                                  buffer.magnitude.begin() + static_cast<std::ptrdiff_t>(count));
  });
  for (const size_t count : found)
    if (count > capacity) return false;
  for (const Candidates& part : parts) {
    out.index.insert(out.index.end(), part.index.begin(), part.index.end());
    out.magnitude.insert(out.magnitude.end(), part.magnitude.begin(), part.magnitude.end());
  }
  return true;
}

/// The k-th largest magnitude by counting: upper 16 bits, then lower 16. Any input, two passes.
uint32_t kth_by_counting(const float* x, size_t n, size_t k) {
  std::vector<size_t> counts(65536, 0);
  for (size_t i = 0; i < n; ++i) ++counts[magnitude_of(x[i]) >> 16];
  size_t upper = 65535;
  size_t above = 0;
  for (; above + counts[upper] < k; --upper) above += counts[upper];
  std::fill(counts.begin(), counts.end(), 0);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t m = magnitude_of(x[i]);
    if (m >> 16 == upper) ++counts[m & 0xFFFFU];
  }
  size_t lower = 65535;
  for (; above + counts[lower] < k; --lower) above += counts[lower];
  return static_cast<uint32_t>(upper << 16 | lower);
}

/// Keeps, in order, what exceeds the k-th magnitude and the first of what equals it.
template <class Magnitude, class Index>
void keep(size_t n, size_t k, uint32_t kth, Magnitude magnitude, Index index,
          std::vector<uint32_t>& out) {
  size_t above = 0;
  for (size_t i = 0; i < n; ++i) above += magnitude(i) > kth ? 1 : 0;
  size_t ties = k - above;
  out.reserve(k);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t m = magnitude(i);
    if (m < kth || (m == kth && ties == 0)) continue;
    if (m == kth) --ties;
    out.push_back(index(i));
  }
}

}  // namespace

Selection select_largest(const float* x, size_t n, size_t k) {
  Selection out;
  if (k == 0) return out;
  Candidates found;
  const uint32_t threshold = guess(x, n, k);
  const size_t most = threshold == 0 ? n : 2 * k + 65536;
  if (threshold != 0 && collect(x, n, threshold, most, found) && found.index.size() >= k) {
    std::vector<uint32_t> order = found.magnitude;
    const auto at = order.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(order.begin(), at, order.end(), std::greater<>());
    out.finite = *std::max_element(order.begin(), at + 1) < 0x7F800000U;
    if (!out.finite) return out;
    keep(
        found.index.size(), k, *at, [&](size_t i) { return found.magnitude[i]; },
        [&](size_t i) { return found.index[i]; }, out.indices);
    return out;
  }
  out.finite = kernels::active().abs_max_bits(x, n) < 0x7F800000U;
  if (!out.finite) return out;
  const uint32_t kth = kth_by_counting(x, n, k);
  keep(
      n, k, kth, [&](size_t i) { return magnitude_of(x[i]); },
      [](size_t i) { return static_cast<uint32_t>(i); }, out.indices);
  return out;
}

}  // namespace bb::coding
