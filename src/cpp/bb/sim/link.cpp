// Link timing: queueing behind earlier messages, transmission, then latency.
#include "bb/sim/link.h"

#include <algorithm>
#include <cmath>

namespace bb::sim {
namespace {

constexpr int64_t kLastStart = int64_t{1} << 61;
constexpr int64_t kLongestLatency = int64_t{1} << 60;

}  // namespace

std::optional<int64_t> Link::transmit(int64_t now_ns, size_t bytes) {
  if (spec_.loss > 0.0 && losses_.next_double() < spec_.loss) return std::nullopt;
  if (spec_.bandwidth_bps <= 0.0) return std::nullopt;
  const double bits = 8.0 * static_cast<double>(bytes);
  const double seconds = bits / spec_.bandwidth_bps;
  const int64_t start = std::max(now_ns, busy_until_ns_);
  // Beyond what int64 nanoseconds can hold, with room for the latency and a delay.
  if (seconds > 9.0e8 || start > kLastStart) return std::nullopt;
  busy_until_ns_ = start + static_cast<int64_t>(seconds * 1e9);
  return busy_until_ns_ + std::min(spec_.latency_ns, kLongestLatency);
}

}  // namespace bb::sim
