// PeerId: a libp2p multihash; ids order as bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "bb/base/error.h"

namespace bb {

/// The identity of a peer: multihash bytes (at most 64), ordered bytewise.
class PeerId {
 public:
  PeerId() = default;
  /// Simulation ids; from_int(i) order like i. Bytes: identity multihash (0x00 0x08) + i as u64
  /// big-endian.
  static PeerId from_int(uint64_t index);
  /// Identity multihash of SHA-256(seed): 0x12 0x20 + digest.
  static PeerId from_seed(std::string_view seed);
  /// The simulator's server: sorts before every from_int id and prints as "server".
  /// Bytes: the identity multihash of nothing, 0x00 0x00.
  static PeerId server();
  /// Takes identity (0x00) and sha2-256 (0x12) multihashes of at most 64 bytes and checks the
  /// length; libp2p Ed25519 ids are 0x00 0x24 0x08 0x01 0x12 0x20 + key. Errors: ConfigError
  /// bad_peer_id.
  static Result<PeerId> from_bytes(std::string_view bytes);
  /// Reads what text() writes; a multibase 'z' before base58btc is fine. Errors: bad_peer_id.
  static Result<PeerId> parse(std::string_view text);

  const std::string& bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  /// "server", the integer for from_int ids, else base58btc (with 'z' before when all are digits).
  std::string text() const;
  /// The integer of a from_int id below 2^63, or -1.
  int64_t index() const;
  friend auto operator<=>(const PeerId&, const PeerId&) = default;

 private:
  std::string bytes_;
};

struct PeerIdHash {
  size_t operator()(const PeerId& id) const { return std::hash<std::string>{}(id.bytes()); }
};

}  // namespace bb
