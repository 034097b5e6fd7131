// Base58: one big number, divided again and again.
#include "bb/wire/base58.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace bb {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// digits = digits·factor + add, digits little-endian in `base`.
void multiply_add(std::vector<uint8_t>& digits, uint32_t base, uint32_t factor, uint32_t add) {
  uint32_t carry = add;
  for (uint8_t& digit : digits) {
    carry += digit * factor;
    digit = static_cast<uint8_t>(carry % base);
    carry /= base;
  }
  for (; carry > 0; carry /= base) digits.push_back(static_cast<uint8_t>(carry % base));
}

}  // namespace

std::string base58_encode(std::string_view bytes) {
  const size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
  std::vector<uint8_t> digits;
  for (const char c : bytes) multiply_add(digits, 58, 256, static_cast<uint8_t>(c));
  std::string out(zeros, kAlphabet[0]);
  for (size_t i = digits.size(); i-- > 0;) out += kAlphabet[digits[i]];
  return out;
}

std::optional<std::string> base58_decode(std::string_view text) {
  const size_t zeros = std::min(text.find_first_not_of(kAlphabet[0]), text.size());
  std::vector<uint8_t> digits;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    multiply_add(digits, 256, 58, static_cast<uint32_t>(value));
  }
  std::string out(zeros, '\0');
  for (size_t i = digits.size(); i-- > 0;) out += static_cast<char>(digits[i]);
  return out;
}

}  // namespace bb
