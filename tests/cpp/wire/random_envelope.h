// Random valid envelopes for tests and fuzzers.
#pragma once

#include <string>
#include <vector>

#include "bb/base/philox.h"
#include "bb/wire/envelope.h"

namespace bb::testing {

inline std::string random_name(Stream& stream) {
  std::string out;
  for (uint64_t n = stream.next_below(8); n > 0; --n)
    out += static_cast<char>('a' + stream.next_below(26));
  return stream.next_below(8) == 0 ? out + "é€" : out;
}

inline std::string random_bytes(Stream& stream, uint64_t below) {
  std::string out;
  for (uint64_t n = stream.next_below(below); n > 0; --n)
    out += static_cast<char>(stream.next_below(256));
  return out;
}

inline PeerId random_peer(Stream& stream) {
  switch (stream.next_below(3)) {
    case 0:
      return PeerId::server();
    case 1:
      return PeerId::from_int(stream.next_u64() >> stream.next_below(64));
    default:
      return PeerId::from_seed(std::to_string(stream.next_u32()));
  }
}

inline Tensor random_tensor(Stream& stream) {
  constexpr DType kAll[] = {DType::kF32, DType::kF64, DType::kI32,
                            DType::kI64, DType::kU8,  DType::kBool};
  Shape shape;
  for (uint64_t n = stream.next_below(4); n > 0; --n)
    shape.push_back(static_cast<int64_t>(stream.next_below(6)));
  Tensor out(kAll[stream.next_below(6)], shape);
  std::byte* data = out.mutable_raw();
  const uint64_t below = out.dtype() == DType::kBool ? 2 : 256;
  for (size_t i = 0; i < out.bytes(); ++i)
    data[i] = static_cast<std::byte>(stream.next_below(below));
  return out;
}

inline Peers random_peers(Stream& stream) {
  auto out = std::make_shared<std::vector<PeerId>>();
  uint64_t next = 0;
  for (uint64_t n = stream.next_below(20); n > 0; --n)
    out->push_back(PeerId::from_int(next += 1 + stream.next_below(1000)));
  return out;
}

inline Value random_value(Stream& stream) {
  switch (stream.next_below(5)) {
    case 0:
      return Trigger{};
    case 1:
      return random_peer(stream);
    case 2:
      return random_peers(stream);
    case 3:
      return random_bytes(stream, 300);
    default:
      return random_tensor(stream);
  }
}

/// Every field is empty or zero in some of them.
inline Envelope random_envelope(Stream& stream) {
  const auto number = [&] {
    return stream.next_below(3) == 0 ? 0 : stream.next_u64() >> stream.next_below(64);
  };
  Envelope out;
  if (stream.next_below(4) > 0) out.source = random_peer(stream);
  out.target = random_name(stream);
  out.group = static_cast<uint32_t>(number());
  if (stream.next_below(4) > 0) out.key.root_peer = random_peer(stream);
  out.key.root_exec = number();
  out.key.round = static_cast<int64_t>(number());
  out.request = number();
  out.remaining_deadline_ns = number();
  for (uint64_t n = stream.next_below(5); n > 0; --n)
    out.fills.push_back({random_name(stream), random_value(stream), random_name(stream)});
  return out;
}

inline bool same_envelope(const Envelope& a, const Envelope& b) {
  bool same = a.source == b.source && a.target == b.target && a.group == b.group &&
              a.key == b.key && a.request == b.request &&
              a.remaining_deadline_ns == b.remaining_deadline_ns &&
              a.fills.size() == b.fills.size();
  for (size_t i = 0; same && i < a.fills.size(); ++i)
    same = a.fills[i].port == b.fills[i].port && a.fills[i].codec == b.fills[i].codec &&
           same_value(a.fills[i].value, b.fills[i].value);
  return same;
}

}  // namespace bb::testing
