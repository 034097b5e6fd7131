// Envelopes to protobuf bytes and back.
#include "bb/wire/envelope.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "bb/ir/utf8.h"
#include "bb/wire/core.pb.h"
#include "bb/wire/envelope_scan.h"

namespace bb {
namespace {

static_assert(std::endian::native == std::endian::little, "element data is little-endian");

constexpr uint32_t kSchema = 1;

Error not_wire_value(std::string what, const Value& value) {
  return make_error(Fault::kAuthor, "not_wire_value", std::move(what), text_of(value),
                    "send a tensor, a trigger, bytes, a peer or a sorted list of peers");
}

bool strictly_ascending(const std::vector<PeerId>& peers) {
  return std::adjacent_find(peers.begin(), peers.end(), std::greater_equal<>()) == peers.end();
}

Status check_name(const std::string& name) {
  if (ir::valid_utf8(name)) return {};
  return make_error(Fault::kAuthor, "bad_text", "a name in an envelope must be UTF-8", name,
                    "use UTF-8 names for ports, codecs and targets");
}

/// Writes one value into the oneof of a core::Fill.
class ValueWriter {
 public:
  ValueWriter(const Value& value, core::Fill& out) : value_(value), out_(out) {}

  Status operator()(std::monostate) const { return not_wire_value("a value is absent", value_); }
  Status operator()(Trigger) const {
    out_.set_trigger(true);
    return {};
  }
  Status operator()(const Tensor& tensor) const {
    if (!tensor.defined()) return not_wire_value("a tensor is undefined", value_);
    core::TensorValue& out = *out_.mutable_tensor();
    out.set_dtype(static_cast<uint32_t>(tensor.dtype()));
    out.mutable_dims()->Assign(tensor.shape().begin(), tensor.shape().end());
    out.set_data(tensor.raw(), tensor.bytes());
    return {};
  }
  Status operator()(const PeerId& id) const {
    if (id.empty()) return not_wire_value("a peer id is empty", value_);
    out_.set_peer(id.bytes());
    return {};
  }
  Status operator()(const Peers& peers) const {
    core::PeerList& out = *out_.mutable_peers();
    if (peers == nullptr) return {};
    if (!strictly_ascending(*peers) || (!peers->empty() && peers->front().empty()))
      return not_wire_value("a list of peers is not sorted, or repeats or lacks an id", value_);
    for (const PeerId& id : *peers) out.add_peer(id.bytes());
    return {};
  }
  Status operator()(const std::string& bytes) const {
    out_.set_raw(bytes);
    return {};
  }
  Status operator()(const std::shared_ptr<const Object>&) const {
    return not_wire_value("an object never leaves its process", value_);
  }

 private:
  const Value& value_;
  core::Fill& out_;
};

Status write_fill(const Fill& fill, core::Fill& out) {
  BB_RETURN_IF_ERROR(check_name(fill.port));
  BB_RETURN_IF_ERROR(check_name(fill.codec));
  out.set_port(fill.port);
  out.set_codec(fill.codec);
  Status written = std::visit(ValueWriter(fill.value, out), fill.value);
  if (!written.ok()) return std::move(written).error().at("port " + fill.port);
  return {};
}

Result<PeerId> read_peer(const std::string& bytes) {
  Result<PeerId> id = PeerId::from_bytes(bytes);
  if (!id.ok()) return malformed(id.error().message, id.error().value);
  return id;
}

/// An id that may be left out.
Result<PeerId> read_optional_peer(const std::string& bytes) {
  return bytes.empty() ? Result<PeerId>(PeerId()) : read_peer(bytes);
}

Result<Value> read_peers(const core::PeerList& list) {
  auto peers = std::make_shared<std::vector<PeerId>>();
  peers->reserve(static_cast<size_t>(list.peer_size()));
  for (const std::string& bytes : list.peer()) {
    BB_ASSIGN_OR_RETURN(PeerId id, read_peer(bytes));
    peers->push_back(std::move(id));
  }
  if (!strictly_ascending(*peers)) return malformed("a list of peers is not sorted or repeats one");
  return Value(Peers(std::move(peers)));
}

Result<DType> read_dtype(uint32_t number) {
  const auto dtype = static_cast<DType>(number);
  if (number <= INT32_MAX && size_of(dtype) > 0) return dtype;
  return make_error(Fault::kPeer, "bad_dtype", "a tensor has an element type unknown here",
                    std::to_string(number), "send float32, float64, int32, int64, uint8 or bool");
}

Result<Shape> read_shape(const core::TensorValue& tensor, DType dtype, const EnvelopeCaps& caps) {
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  size_t extent = 1;  // with zero dimensions taken as one, so that no stride overflows either
  for (const int64_t dim : shape) {
    const bool fits =
        dim >= 0 &&
        !__builtin_mul_overflow(extent, static_cast<size_t>(std::max<int64_t>(dim, 1)), &extent) &&
        extent <= caps.max_elements;
    if (!fits)
      return make_error(Fault::kPeer, "bad_shape", "a tensor is too large or has a negative size",
                        text_of(shape), "the limit is " + std::to_string(caps.max_elements));
  }
  const auto count = static_cast<size_t>(element_count(shape));
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size_of(dtype), &bytes) || bytes != tensor.data().size())
    return make_error(Fault::kPeer, "bad_shape", "the data of a tensor does not fill its shape",
                      std::string(name_of(dtype)) + text_of(shape) + " with " +
                          std::to_string(tensor.data().size()) + " bytes",
                      "send exactly count times size bytes");
  return shape;
}

Result<Value> read_tensor(const core::TensorValue& tensor, const EnvelopeCaps& caps) {
  BB_ASSIGN_OR_RETURN(const DType dtype, read_dtype(tensor.dtype()));
  BB_ASSIGN_OR_RETURN(Shape shape, read_shape(tensor, dtype, caps));
  const std::string& data = tensor.data();
  const auto is_bool = [](char c) { return c == 0 || c == 1; };
  if (dtype == DType::kBool && !std::all_of(data.begin(), data.end(), is_bool))
    return malformed("a bool tensor holds something other than 0 and 1");
  Tensor out(dtype, std::move(shape));
  if (!data.empty()) std::memcpy(out.mutable_raw(), data.data(), data.size());
  return Value(std::move(out));
}

Result<Value> read_value(core::Fill& fill, const EnvelopeCaps& caps) {
  switch (fill.value_case()) {
    case core::Fill::kTensor:
      return read_tensor(fill.tensor(), caps);
    case core::Fill::kTrigger:
      if (!fill.trigger()) return malformed("a trigger that is false");
      return Value(Trigger{});
    case core::Fill::kRaw:
      return Value(std::move(*fill.mutable_raw()));
    case core::Fill::kPeers:
      return read_peers(fill.peers());
    case core::Fill::kPeer: {
      BB_ASSIGN_OR_RETURN(PeerId id, read_peer(fill.peer()));
      return Value(std::move(id));
    }
    case core::Fill::VALUE_NOT_SET:
      break;
  }
  return malformed("a fill without a value known here");
}

}  // namespace

Result<std::string> encode(const Envelope& envelope) {
  const size_t size = encoded_size(envelope);
  if (size > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return make_error(Fault::kAuthor, "oversize", "an envelope must be smaller than 2 GiB",
                      std::to_string(size), "send fewer or smaller tensors");
  BB_RETURN_IF_ERROR(check_name(envelope.target));
  core::Envelope out;
  out.set_schema(kSchema);
  out.set_source(envelope.source.bytes());
  out.set_target(envelope.target);
  out.set_group(envelope.group);
  out.set_root_peer(envelope.key.root_peer.bytes());
  out.set_root_exec(envelope.key.root_exec);
  out.set_round(envelope.key.round);
  out.set_request(envelope.request);
  out.set_remaining_deadline_ns(envelope.remaining_deadline_ns);
  for (const Fill& fill : envelope.fills) BB_RETURN_IF_ERROR(write_fill(fill, *out.add_fills()));
  std::string bytes;
  BB_CHECK(out.SerializeToString(&bytes));
  return bytes;
}

Result<Envelope> decode(std::string_view bytes, const EnvelopeCaps& caps) {
  BB_RETURN_IF_ERROR(scan_envelope(bytes, caps));
  core::Envelope in;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()) ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return malformed("the bytes are not an envelope");
  if (in.schema() != kSchema)
    return make_error(Fault::kPeer, "unsupported_schema", "the envelope names no schema", {},
                      "both sides must speak schema 1");
  Envelope out;
  BB_ASSIGN_OR_RETURN(out.source, read_optional_peer(in.source()));
  out.target = std::move(*in.mutable_target());
  out.group = in.group();
  BB_ASSIGN_OR_RETURN(out.key.root_peer, read_optional_peer(in.root_peer()));
  out.key.root_exec = in.root_exec();
  out.key.round = in.round();
  out.request = in.request();
  out.remaining_deadline_ns = in.remaining_deadline_ns();
  out.fills.reserve(static_cast<size_t>(in.fills_size()));
  for (core::Fill& fill : *in.mutable_fills()) {
    Result<Value> value = read_value(fill, caps);
    if (!value.ok()) return std::move(value).error().at("port " + fill.port());
    out.fills.push_back({std::move(*fill.mutable_port()), std::move(value).value(),
                         std::move(*fill.mutable_codec())});
  }
  return out;
}

}  // namespace bb
