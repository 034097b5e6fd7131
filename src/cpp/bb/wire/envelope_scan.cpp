// Walks protobuf fields without building messages; field numbers are those of core.proto.
#include "bb/wire/envelope_scan.h"

#include "bb/base/bytes.h"
#include "bb/ir/utf8.h"

namespace bb {
namespace {

constexpr size_t kMaxPeerBytes = 64;

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint64_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t value = 0;      ///< of kVarint
  std::string_view bytes;  ///< of kBytes

  bool is(uint64_t wanted, WireType kind) const { return number == wanted && type == kind; }
};

Result<Field> next_field(ByteReader& reader) {
  const auto tag = reader.varint();
  if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return malformed("a broken field tag");
  Field field;
  field.number = *tag >> 3;
  field.type = static_cast<WireType>(*tag & 7);
  std::optional<uint64_t> length;
  switch (*tag & 7) {
    case 0:
      length = reader.varint();
      if (!length) return malformed("a broken number");
      field.value = *length;
      return field;
    case 1:
      length = 8;
      break;
    case 2:
      length = reader.varint();
      break;
    case 5:
      length = 4;
      break;
    default:
      return malformed("an unknown wire type", std::to_string(*tag & 7));
  }
  const auto bytes = length ? reader.take(*length) : std::nullopt;
  if (!bytes) return malformed("a field longer than the message");
  field.bytes = *bytes;
  return field;
}

/// Calls visit(field) -> Status for every field of a message.
template <class Visit>
Status each_field(std::string_view message, Visit visit) {
  ByteReader reader(message);
  while (!reader.done()) {
    BB_ASSIGN_OR_RETURN(const Field field, next_field(reader));
    BB_RETURN_IF_ERROR(visit(field));
  }
  return {};
}

class Scan {
 public:
  explicit Scan(const EnvelopeCaps& caps) : caps_(caps) {}

  Status envelope(std::string_view message) {
    return each_field(message, [this](const Field& field) -> Status {
      if (field.is(1, WireType::kVarint)) return schema(field.value);
      if (field.is(2, WireType::kBytes) || field.is(5, WireType::kBytes)) return peer(field.bytes);
      if (field.is(3, WireType::kBytes)) return name(field.bytes);
      if (!field.is(9, WireType::kBytes)) return {};
      if (++fills_ > caps_.max_fills) return oversize("too many fills", fills_, caps_.max_fills);
      return fill(field.bytes);
    });
  }

 private:
  static Status schema(uint64_t version) {
    if (version == 1) return {};
    return make_error(Fault::kPeer, "unsupported_schema", "the envelope has a schema unknown here",
                      std::to_string(version), "both sides must speak schema 1");
  }

  Status name(std::string_view text) const {
    if (text.size() > caps_.max_port_bytes)
      return oversize("a name is too long", text.size(), caps_.max_port_bytes);
    if (!ir::valid_utf8(text)) return malformed("a name is not UTF-8");
    return {};
  }

  static Status peer(std::string_view id) {
    if (id.size() <= kMaxPeerBytes) return {};
    return oversize("a peer id is too long", id.size(), kMaxPeerBytes);
  }

  Status fill(std::string_view message) {
    size_t values = 0;
    return each_field(message, [&](const Field& field) -> Status {
      const bool is_name = field.is(1, WireType::kBytes) || field.is(6, WireType::kBytes);
      if (is_name) return name(field.bytes);
      const bool is_value =
          field.is(3, WireType::kVarint) || (field.type == WireType::kBytes && field.number >= 2 &&
                                             field.number <= 7 && field.number != 3);
      // Repeated messages would merge, so that each alone could keep within the caps.
      if (is_value && ++values > 1) return malformed("a fill with more than one value");
      if (field.is(2, WireType::kBytes)) return tensor(field.bytes);
      if (field.is(5, WireType::kBytes)) return peers(field.bytes);
      if (field.is(7, WireType::kBytes)) return peer(field.bytes);
      return {};
    });
  }

  Status tensor(std::string_view message) const {
    size_t rank = 0;
    return each_field(message, [&](const Field& field) -> Status {
      if (field.number != 2) return {};
      if (field.type == WireType::kVarint) ++rank;
      ByteReader packed(field.type == WireType::kBytes ? field.bytes : std::string_view());
      while (!packed.done() && rank <= caps_.max_rank) {
        if (!packed.varint()) return malformed("broken dimensions");
        ++rank;
      }
      if (rank > caps_.max_rank) return oversize("too many dimensions", rank, caps_.max_rank);
      return {};
    });
  }

  Status peers(std::string_view message) {
    return each_field(message, [this](const Field& field) -> Status {
      if (!field.is(1, WireType::kBytes)) return {};
      if (++peers_ > caps_.max_peers) return oversize("too many peers", peers_, caps_.max_peers);
      return peer(field.bytes);
    });
  }

  const EnvelopeCaps& caps_;
  size_t fills_ = 0;
  size_t peers_ = 0;
};

}  // namespace

Error oversize(std::string what, size_t value, size_t cap) {
  return make_error(Fault::kPeer, "oversize", std::move(what), std::to_string(value),
                    "the limit is " + std::to_string(cap));
}

Error malformed(std::string what, std::string value) {
  return make_error(Fault::kPeer, "malformed_envelope", std::move(what), std::move(value),
                    "the sender must send the bytes of encode()");
}

Status scan_envelope(std::string_view bytes, const EnvelopeCaps& caps) {
  if (bytes.size() > caps.max_bytes)
    return oversize("the envelope is too large", bytes.size(), caps.max_bytes);
  return Scan(caps).envelope(bytes);
}

}  // namespace bb
