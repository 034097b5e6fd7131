// The size of an encoded envelope, from the protobuf encoding rules alone.
#include "bb/base/bytes.h"
#include "bb/wire/envelope.h"

namespace bb {
namespace {

// All field numbers are below 16, so every tag is one byte.
size_t number_field(uint64_t value) { return value == 0 ? 0 : 1 + varint_size(value); }
size_t set_bytes_field(size_t size) { return 1 + varint_size(size) + size; }
size_t bytes_field(size_t size) { return size == 0 ? 0 : set_bytes_field(size); }

size_t tensor_size(const Tensor& tensor) {
  size_t dims = 0;
  for (const int64_t dim : tensor.shape()) dims += varint_size(static_cast<uint64_t>(dim));
  return number_field(static_cast<uint64_t>(tensor.dtype())) + bytes_field(dims) +
         bytes_field(tensor.bytes());
}

size_t peers_size(const Peers& peers) {
  size_t total = 0;
  if (peers == nullptr) return total;
  for (const PeerId& id : *peers) total += set_bytes_field(id.bytes().size());
  return total;
}

/// A member of the oneof is written even when it is empty.
struct ValueSize {
  size_t operator()(std::monostate) const { return 0; }
  size_t operator()(Trigger) const { return 2; }
  size_t operator()(const Tensor& tensor) const { return set_bytes_field(tensor_size(tensor)); }
  size_t operator()(const PeerId& id) const { return set_bytes_field(id.bytes().size()); }
  size_t operator()(const Peers& peers) const { return set_bytes_field(peers_size(peers)); }
  size_t operator()(const std::string& bytes) const { return set_bytes_field(bytes.size()); }
  size_t operator()(const std::shared_ptr<const Object>&) const { return 0; }
};

size_t fill_size(const Fill& fill) {
  return bytes_field(fill.port.size()) + std::visit(ValueSize{}, fill.value) +
         bytes_field(fill.codec.size());
}

}  // namespace

size_t encoded_size(const Envelope& envelope) {
  constexpr size_t kSchemaField = 2;
  size_t total = kSchemaField + bytes_field(envelope.source.bytes().size()) +
                 bytes_field(envelope.target.size()) + number_field(envelope.group) +
                 bytes_field(envelope.key.root_peer.bytes().size()) +
                 number_field(envelope.key.root_exec) +
                 number_field(static_cast<uint64_t>(envelope.key.round)) +
                 number_field(envelope.request) + number_field(envelope.remaining_deadline_ns);
  for (const Fill& fill : envelope.fills) total += set_bytes_field(fill_size(fill));
  return total;
}

}  // namespace bb
