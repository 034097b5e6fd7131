// Base58 in the Bitcoin alphabet: how peer ids are written for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bb {

/// Bytes as base58btc; every leading zero byte is one leading '1'. Quadratic: for short ids only.
std::string base58_encode(std::string_view bytes);
/// The bytes of base58btc text, or nothing when a character is outside the alphabet.
std::optional<std::string> base58_decode(std::string_view text);

}  // namespace bb
