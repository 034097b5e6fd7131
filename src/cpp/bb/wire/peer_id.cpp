// Peer ids: checked multihash bytes and their text.
#include "bb/wire/peer_id.h"

#include <charconv>

#include "bb/base/sha256.h"
#include "bb/wire/base58.h"

namespace bb {
namespace {

constexpr size_t kMaxBytes = 64;
constexpr size_t kMaxText = 128;  ///< more than 64 bytes need in base58
constexpr char kIdentity = 0x00;  ///< multihash codes
constexpr char kSha256 = 0x12;
constexpr size_t kHeader = 2;  ///< code and length, one byte each for every id allowed here
constexpr size_t kIntBytes = 8;
constexpr std::string_view kServerText = "server";

Error bad_peer_id(std::string what, std::string value) {
  return make_error(Fault::kConfig, "bad_peer_id", std::move(what), std::move(value),
                    "give a base58btc id such as 12D3KooW..., a whole number, or \"server\"");
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool holds_int(std::string_view bytes) {
  return bytes.size() == kHeader + kIntBytes && bytes[0] == kIdentity &&
         bytes[1] == static_cast<char>(kIntBytes);
}

uint64_t int_of(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes.substr(kHeader)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

}  // namespace

PeerId PeerId::from_int(uint64_t index) {
  PeerId id;
  id.bytes_ = {kIdentity, static_cast<char>(kIntBytes)};
  for (int shift = 56; shift >= 0; shift -= 8) id.bytes_ += static_cast<char>(index >> shift);
  return id;
}

PeerId PeerId::from_seed(std::string_view seed) {
  const Digest digest = sha256(seed);
  PeerId id;
  id.bytes_ = {kSha256, static_cast<char>(digest.size())};
  id.bytes_.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return id;
}

PeerId PeerId::server() {
  PeerId id;
  id.bytes_ = {kIdentity, 0};
  return id;
}

Result<PeerId> PeerId::from_bytes(std::string_view bytes) {
  if (bytes.size() < kHeader || bytes.size() > kMaxBytes)
    return bad_peer_id("a peer id has 2 to 64 bytes", std::to_string(bytes.size()) + " bytes");
  const size_t length = static_cast<uint8_t>(bytes[1]);
  if (bytes[0] != kIdentity && bytes[0] != kSha256)
    return bad_peer_id("a peer id is an identity or sha2-256 multihash", hex(bytes));
  if (length != bytes.size() - kHeader || (bytes[0] == kSha256 && length != sizeof(Digest)))
    return bad_peer_id("the length in the multihash is wrong", hex(bytes));
  PeerId id;
  id.bytes_ = bytes;
  return id;
}

Result<PeerId> PeerId::parse(std::string_view text) {
  if (text == kServerText) return server();
  if (text.size() > kMaxText)
    return bad_peer_id("the text is too long for a peer id", std::string(text.substr(0, kMaxText)));
  if (all_digits(text)) {
    uint64_t index = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
    if (read.ec != std::errc() || (text.size() > 1 && text[0] == '0'))
      return bad_peer_id("not a whole number below 2^64 without leading zeros", std::string(text));
    return from_int(index);
  }
  // 'z' is the multibase mark of base58btc; no multihash allowed here starts with it.
  const std::string_view digits = text.starts_with('z') ? text.substr(1) : text;
  const auto bytes = base58_decode(digits);
  if (!bytes) return bad_peer_id("not base58btc", std::string(text));
  Result<PeerId> id = from_bytes(*bytes);
  if (!id.ok()) return bad_peer_id(id.error().message, std::string(text));
  return id;
}

std::string PeerId::text() const {
  if (*this == server()) return std::string(kServerText);
  if (holds_int(bytes_)) return std::to_string(int_of(bytes_));
  const std::string digits = base58_encode(bytes_);
  return all_digits(digits) ? "z" + digits : digits;
}

int64_t PeerId::index() const {
  if (!holds_int(bytes_)) return -1;
  const uint64_t index = int_of(bytes_);
  return index <= static_cast<uint64_t>(INT64_MAX) ? static_cast<int64_t>(index) : -1;
}

}  // namespace bb
