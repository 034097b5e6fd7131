// Rates of the kernels beside this machine's read bandwidth and fused multiply-add peak, one
// thread.
//
// Usage: bench_kernels [filter] [columns, 1000000 by default]. BB_ISA chooses the instruction set.
// Percentages are against the probes printed first, taken in the same process; goals are stated
// beside the rows that have one.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bb/kernels/table.h"

namespace {

using bb::kernels::GemmShape;
using bb::kernels::Table;

double now_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

/// Shortest time of one call over about half a second.
double best_seconds(const std::function<void()>& call) {
  call();
  double best = 1e9;
  const double stop = now_seconds() + 0.5;
  size_t batch = 1;
  while (now_seconds() < stop) {
    const double start = now_seconds();
    for (size_t i = 0; i < batch; ++i) call();
    const double each = (now_seconds() - start) / static_cast<double>(batch);
    best = std::min(best, each);
    batch = std::max<size_t>(1, static_cast<size_t>(2e-4 / std::max(each, 1e-9)));
  }
  return best;
}

struct Probe {
  double read_rate;  // bytes per second
  double fma_rate;   // floating-point operations per second, float
};

std::vector<float> random_floats(size_t n, uint32_t seed) {
  std::vector<float> values(n);
  uint32_t state = seed * 2654435761U + 1;
  for (float& v : values) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) * 0x1p-23F - 1.0F;
  }
  return values;
}

std::string filter;

/// Prints one row: time, rate and its share of a limit.
void report(const char* name, double seconds, double amount, double limit, const char* unit,
            const char* goal) {
  std::printf("%-34s %10.2f us %8.1f %-8s %5.0f %%  %s\n", name, seconds * 1e6,
              amount / seconds * 1e-9, unit, 100.0 * amount / seconds / limit, goal);
  std::fflush(stdout);
}
bool wanted(const char* name) { return std::strstr(name, filter.c_str()) != nullptr; }

/// Sum of the buffer with enough independent accumulators to be bound by memory alone.
int64_t read_all(const std::vector<float>& buffer) {
  constexpr size_t kStreams = 32;
  int64_t sums[kStreams] = {};
  const size_t count = buffer.size() / 2 / kStreams * kStreams;
  for (size_t i = 0; i < count; i += kStreams) {
    int64_t words[kStreams];
    std::memcpy(words, buffer.data() + 2 * i, sizeof words);
    for (size_t s = 0; s < kStreams; ++s) sums[s] ^= words[s];
  }
  int64_t total = 0;
  for (const int64_t sum : sums) total ^= sum;
  return total;
}

/// Read bandwidth over a buffer as large as 20 rows of a million columns, and the multiply-add rate
/// of a product that stays in the first-level cache.
Probe measure_probes(const Table& table) {
  const std::vector<float> big = random_floats(20000000, 1);
  volatile int64_t sink = 0;
  const double read = best_seconds([&] { sink = read_all(big); });
  const GemmShape shape = {.m = 96, .n = 64, .k = 128, .lda = 128, .ldb = 64, .ldc = 64};
  const std::vector<float> a = random_floats(96 * 128, 2), b = random_floats(128 * 64, 3);
  std::vector<float> c(96 * 64);
  std::vector<char> scratch(bb::kernels::gemm_scratch_bytes(shape, 4) + 64);
  const double fma = best_seconds(
      [&] { table.gemm_f32(shape, a.data(), b.data(), nullptr, c.data(), scratch.data()); });
  (void)sink;
  return {static_cast<double>(big.size()) * 4.0 / read, 2.0 * 96 * 64 * 128 / fma};
}

void bench_gemm(const Table& table, const Probe& probe, size_t m, size_t n, size_t k, bool trans_a,
                bool trans_b) {
  char name[64];
  std::snprintf(name, sizeof name, "gemm %zux%zux%zu%s%s", m, n, k, trans_a ? " At" : "",
                trans_b ? " Bt" : "");
  if (!wanted(name)) return;
  const GemmShape shape = {.m = m,
                           .n = n,
                           .k = k,
                           .trans_a = trans_a,
                           .trans_b = trans_b,
                           .lda = trans_a ? m : k,
                           .ldb = trans_b ? k : n,
                           .ldc = n};
  const std::vector<float> a = random_floats(m * k, 1), b = random_floats(k * n, 2);
  std::vector<float> c(m * n);
  std::vector<char> scratch(bb::kernels::gemm_scratch_bytes(shape, 4) + 64);
  const double seconds = best_seconds(
      [&] { table.gemm_f32(shape, a.data(), b.data(), nullptr, c.data(), scratch.data()); });
  report(name, seconds, 2.0 * static_cast<double>(m * n * k), probe.fma_rate, "GFLOP/s", "");
}

void bench_rows(const Table& table, const Probe& probe, size_t n, size_t d) {
  std::vector<std::vector<float>> data;
  std::vector<const float*> rows;  // 64-byte aligned, as the engine's buffers are
  for (size_t i = 0; i < n; ++i) {
    data.push_back(random_floats(d + 16, static_cast<uint32_t>(i)));
    const auto address = reinterpret_cast<uintptr_t>(data.back().data());
    rows.push_back(data.back().data() + (64 - address % 64) % 64 / sizeof(float));
  }
  std::vector<float> out(d);
  const std::unique_ptr<char[]> memory(new char[bb::kernels::columns_scratch_bytes(n, 4) + 64]);
  void* scratch = memory.get() + (64 - reinterpret_cast<uintptr_t>(memory.get()) % 64);
  const double bytes = 4.0 * static_cast<double>(n + 1) * static_cast<double>(d);
  const auto run = [&](const char* rule, const char* goal, const std::function<void()>& call) {
    char name[64];
    std::snprintf(name, sizeof name, "%s n=%zu d=%zu", rule, n, d);
    if (wanted(name)) report(name, best_seconds(call), bytes, probe.read_rate, "GB/s", goal);
  };
  run("median", n == 20 ? "goal 55 % of read" : "",
      [&] { table.median_cols_f32(rows.data(), n, 0, d, out.data(), scratch); });
  run("trimmed_mean", n == 20 ? "goal 65 % of read" : "",
      [&] { table.trimmed_mean_cols_f32(rows.data(), n, n / 5, 0, d, out.data(), scratch); });
  run("closest_to_median", "", [&] {
    table.closest_to_median_mean_cols_f32(rows.data(), n, n - n / 5, 0, d, out.data(), scratch);
  });
  run("mean", "", [&] { table.mean_rows_of_f32(rows.data(), n, 0, d, out.data()); });
  run("mean_std", "",
      [&] { table.mean_std_cols_f32(rows.data(), n, 0, d, out.data(), out.data()); });
  std::vector<double> acc(n * n);
  run("distances", n == 50 ? "goal 1.8x numpy X @ X.T" : "",
      [&] { table.distances_f32(rows.data(), n, 0, d, acc.data()); });
}

void bench_unary(const Table& table, const Probe& probe) {
  using bb::kernels::UnaryOp;
  const size_t n = 4096;
  const std::vector<float> x = random_floats(n, 1);
  std::vector<float> y(n);
  const std::pair<const char*, UnaryOp> operations[] = {{"exp", UnaryOp::kExp},
                                                        {"log", UnaryOp::kLog},
                                                        {"tanh", UnaryOp::kTanh},
                                                        {"sigmoid", UnaryOp::kSigmoid}};
  for (const auto& [name, op] : operations) {
    if (!wanted(name)) continue;
    const double seconds = best_seconds([&] { table.unary_f32(op, x.data(), y.data(), n); });
    report(name, seconds, static_cast<double>(n), probe.fma_rate, "Gelem/s", "");
  }
  if (wanted("softmax")) {
    const double ten = best_seconds([&] { table.softmax_f32(x.data(), y.data(), 32, 10); });
    report("softmax 32x10", ten, 320, probe.fma_rate, "Gelem/s", "");
    const double wide = best_seconds([&] { table.softmax_f32(x.data(), y.data(), 4, 1024); });
    report("softmax 4x1024", wide, 4096, probe.fma_rate, "Gelem/s", "");
  }
}

}  // namespace

int main(int argc, char** argv) {
  filter = argc > 1 ? argv[1] : "";
  if (const char* error = bb::kernels::selection_error()) {
    std::fprintf(stderr, "%s\n", error);
    return 2;
  }
  const Table& table = bb::kernels::active();
  const Probe probe = measure_probes(table);
  std::printf("isa %s, read %.1f GB/s, gemm in cache %.1f GFLOP/s\n",
              bb::kernels::isa_name(bb::kernels::active_isa()), probe.read_rate * 1e-9,
              probe.fma_rate * 1e-9);
  bench_gemm(table, probe, 32, 64, 64, false, false);
  bench_gemm(table, probe, 32, 10, 64, false, false);
  bench_gemm(table, probe, 64, 64, 32, true, false);
  bench_gemm(table, probe, 64, 10, 32, true, false);
  bench_gemm(table, probe, 32, 64, 10, false, true);
  bench_gemm(table, probe, 32, 128, 784, false, false);
  bench_gemm(table, probe, 1, 128, 784, false, false);
  bench_gemm(table, probe, 512, 512, 512, false, false);
  bench_gemm(table, probe, 512, 512, 512, false, true);
  const size_t columns = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000000;
  for (const size_t n : {10, 20, 50, 100}) bench_rows(table, probe, n, columns);
  bench_unary(table, probe);
  return 0;
}
