// Random changes to byte strings, the same for the same seed.
#pragma once

#include <string>
#include <vector>

#include "bb/base/philox.h"

namespace bb::fuzz {

/// A changed copy of one member of `corpus`: 1 to 8 edits, at most `max_bytes` long.
/// `corpus` must not be empty.
std::string mutated(const std::vector<std::string>& corpus, size_t max_bytes, Stream& stream);

}  // namespace bb::fuzz
