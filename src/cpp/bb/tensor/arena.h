// The recycling store of tensor memory: freed blocks are kept for the next tensor of their size.
#pragma once

#include <cstddef>

namespace bb::arena {

/// Memory for at least `size` bytes, 64-byte aligned; from 4 MiB on, in huge pages where the system
/// has them. Stops the process when the system has no memory left.
std::byte* acquire(size_t size);
/// Gives back what acquire(size) returned, with the same size.
void release(std::byte* data, size_t size);

/// What the store holds for reuse, and how often it could reuse; tests read it.
struct Stats {
  size_t kept_bytes;
  size_t kept_blocks;
  size_t reused;
};
Stats stats();
/// Returns all kept blocks to the system.
void trim();

inline constexpr size_t kKeptBytesCap = size_t{1} << 30;  ///< most bytes kept for reuse
inline constexpr size_t kKeptBlocksCap = 256;             ///< most blocks kept for reuse

}  // namespace bb::arena
