// The header of every message, the policy for values that are not finite, and untrusted reading.
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "bb/parts/codecs/coder.h"

namespace bb::coding {
namespace {

constexpr uint8_t kFloat32 = 1;
constexpr uint8_t kEscapes = 0x80;

size_t put_header(const Coder& coder, bool escapes, size_t n, std::byte* out) {
  out[0] = std::byte{kMagic};
  out[1] = std::byte{kVersion};
  out[2] = std::byte{coder.id()};
  out[3] = std::byte(kFloat32 | (escapes ? kEscapes : 0));
  return 4 + put_varint(n, out + 4);
}

std::string text_of(float x) { return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf"; }

/// The largest finite magnitude of x.
float largest_finite(const float* x, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; ++i)
    if (std::isfinite(x[i]) && std::fabs(x[i]) > most) most = std::fabs(x[i]);
  return most;
}

size_t put_escapes(const float* x, size_t n, std::byte* out) {
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) count += std::isfinite(x[i]) ? 0 : 1;
  size_t used = put_varint(count, out);
  size_t next = 0;
  for (size_t i = 0; i < n; ++i) {
    if (std::isfinite(x[i])) continue;
    used += put_varint(i - next, out + used);
    std::memcpy(out + used, &x[i], 4);
    used += 4;
    next = i + 1;
  }
  return used;
}

/// The escape section at the front of `in`: count, then per value a gap and four bytes.
Result<std::string_view> take_escapes(ByteReader& in, std::string_view all, uint64_t count) {
  const size_t before = in.left();
  const auto escapes = in.varint();
  if (!escapes || *escapes > count || *escapes > in.left() / 5)
    return malformed("the escape section is cut short", std::to_string(in.left()));
  uint64_t next = 0;
  for (uint64_t i = 0; i < *escapes; ++i) {
    const auto gap = in.varint();
    if (!gap || !in.take(4)) return malformed("the escape section is cut short", "");
    if (*gap >= count - next)
      return make_error(Fault::kPeer, "codec_bad_index", "an index is outside the vector",
                        std::to_string(*gap), "indices must be below the count of values");
    next += *gap + 1;
  }
  return all.substr(all.size() - before, before - in.left());
}

}  // namespace

Error malformed(std::string what, std::string value) {
  return make_error(Fault::kPeer, "codec_malformed", std::move(what), std::move(value),
                    "see the format page of the codecs");
}

Error bad_scale(std::string value) {
  return make_error(Fault::kPeer, "codec_bad_scale", "a scale is negative, too large or not finite",
                    std::move(value), "scales must keep every decoded value finite");
}

size_t put_varint(uint64_t value, std::byte* out) {
  size_t used = 0;
  for (; value >= 0x80; value >>= 7) out[used++] = std::byte(0x80 | (value & 0x7F));
  out[used++] = std::byte(value);
  return used;
}

Written write_plain(const Coder& coder, const float* x, size_t n, const EncodeCall& call,
                    std::byte* out) {
  const size_t header = put_header(coder, false, n, out);
  Written written = coder.write(x, n, call, out + header);
  written.bytes += header;
  return written;
}

Result<size_t> write_frame(const Coder& coder, NonFinite policy, const float* x, size_t n,
                           const EncodeCall& call, std::byte* out) {
  const Written first = write_plain(coder, x, n, call, out);
  if (first.finite) return first.bytes;
  std::vector<float> clean(x, x + n);
  const float most = policy == NonFinite::kSaturate ? largest_finite(x, n) : 0.0F;
  for (size_t i = 0; i < n; ++i) {
    if (std::isfinite(x[i])) continue;
    if (policy == NonFinite::kRefuse)
      return make_error(Fault::kData, "non_finite", "the vector holds a value that is not finite",
                        text_of(x[i]) + " at " + std::to_string(i),
                        "remove it, or give nonfinite=\"saturate\" or nonfinite=\"escape\"");
    clean[i] = std::isnan(x[i]) ? 0.0F : std::copysign(most, x[i]);
  }
  if (policy == NonFinite::kSaturate) return write_plain(coder, clean.data(), n, call, out).bytes;
  size_t used = put_header(coder, true, n, out);
  used += put_escapes(x, n, out + used);
  return used + coder.write(clean.data(), n, call, out + used).bytes;
}

Result<Frame> open_frame(std::string_view bytes, const Coder& coder, uint64_t max_values) {
  ByteReader in(bytes);
  const auto head = in.take(4);
  if (!head || static_cast<uint8_t>((*head)[0]) != kMagic)
    return malformed("the message is not an encoded vector",
                     std::to_string(bytes.size()) + " bytes");
  const auto byte = [&](size_t i) { return static_cast<uint8_t>((*head)[i]); };
  if (byte(1) != kVersion)
    return make_error(Fault::kPeer, "codec_version", "the message has another format version",
                      std::to_string(byte(1)), "this reader knows version 1");
  Frame frame;
  frame.format = format_of(byte(2));
  if (frame.format == nullptr || frame.format->id != coder.id())
    return make_error(Fault::kPeer, "codec_mismatch", "the message was made by another codec",
                      frame.format == nullptr ? std::to_string(byte(2)) : frame.format->name,
                      std::string("expected ") + format_of(coder.id())->name);
  if ((byte(3) & ~kEscapes) != kFloat32)
    return malformed("the message has an unknown element type", std::to_string(byte(3)));
  const auto count = in.varint();
  if (!count) return malformed("the count of values is cut short", std::to_string(bytes.size()));
  if (*count > max_values)
    return make_error(Fault::kPeer, "codec_oversized", "the message claims too many values",
                      std::to_string(*count), "at most " + std::to_string(max_values) + " here");
  frame.count = *count;
  if ((byte(3) & kEscapes) != 0) {
    BB_ASSIGN_OR_RETURN(frame.escapes, take_escapes(in, bytes, frame.count));
  }
  frame.body = *in.take(in.left());
  BB_RETURN_IF_ERROR(frame.format->check(frame.body, frame.count, coder.inner().get()));
  return frame;
}

Frame reopen(std::string_view bytes) {
  ByteReader in(bytes);
  const std::string_view head = *in.take(4);
  Frame frame;
  frame.format = format_of(static_cast<uint8_t>(head[2]));
  frame.count = *in.varint();
  if ((static_cast<uint8_t>(head[3]) & kEscapes) != 0)
    frame.escapes = take_escapes(in, bytes, frame.count).value();
  frame.body = *in.take(in.left());
  return frame;
}

Status read_frame(const Frame& frame, float* out) {
  BB_RETURN_IF_ERROR(frame.format->read(frame.body, static_cast<size_t>(frame.count), out));
  if (frame.escapes.empty()) return {};
  ByteReader in(frame.escapes);
  const uint64_t escapes = *in.varint();
  uint64_t next = 0;
  for (uint64_t i = 0; i < escapes; ++i) {
    const uint64_t at = next + *in.varint();
    std::memcpy(out + at, in.take(4)->data(), 4);
    next = at + 1;
  }
  return {};
}

}  // namespace bb::coding
