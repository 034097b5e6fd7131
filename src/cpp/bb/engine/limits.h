// Limits and counters of one node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "bb/wire/envelope.h"

namespace bb {

/// Caps; every one is a limit and never a reservation.
struct NodeConfig {
  size_t max_frames = 4096;             ///< live frames
  size_t max_gathers = 1024;            ///< open gathers
  size_t max_early_keys = 16;           ///< keys held for gathers that have not opened
  size_t max_inbox = 65536;             ///< queued deliveries
  size_t max_inbox_bytes = 256u << 20;  ///< bytes of queued and held values
  size_t max_invoke_bytes = 256u << 20;
  int64_t default_timeout_ns = 30'000'000'000;
  EnvelopeCaps envelope;
};

/// Cheap counters, always on.
struct NodeMetrics {
  uint64_t ops = 0, frames = 0, deliveries = 0, sends = 0, sent_bytes = 0, received_bytes = 0;
  uint64_t gathers_opened = 0, gathers_fired = 0, gathers_timed_out = 0, failures = 0;
  uint64_t bytes_in_flight = 0;           ///< charged and not yet released
  std::map<std::string, uint64_t> drops;  ///< by reason
};

}  // namespace bb
