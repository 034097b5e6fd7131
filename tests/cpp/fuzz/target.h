// What a fuzz target provides: the entry that libFuzzer also calls, and inputs to start from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Feeds one input to the code under test; must not crash. Returns 0 when it was taken as valid and
/// -1 when it was refused (an input not worth keeping).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace bb::fuzz {

/// Valid inputs that the driver mutates.
std::vector<std::string> corpus();

}  // namespace bb::fuzz
