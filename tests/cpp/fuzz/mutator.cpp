// Edits that break formats: flipped bits, extreme numbers, cut, repeated and exchanged pieces.
#include "fuzz/mutator.h"

#include <algorithm>
#include <cstdint>

namespace bb::fuzz {
namespace {

struct Piece {
  size_t first;
  size_t size;
};

Piece random_piece(const std::string& text, Stream& stream) {
  const size_t first = stream.next_below(text.size() + 1);
  const size_t longest = std::min<size_t>(text.size() - first, 64);
  return {first, static_cast<size_t>(stream.next_below(longest + 1))};
}

/// Numbers at the edges of 8, 32 and 64 bits, as LEB128.
std::string extreme_varint(Stream& stream) {
  uint64_t value = (uint64_t{1} << stream.next_below(64)) - stream.next_below(2);
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7F));
  return out + static_cast<char>(value);
}

void edit(std::string& text, const std::vector<std::string>& corpus, Stream& stream) {
  const Piece piece = random_piece(text, stream);
  const bool inside = piece.first < text.size();
  switch (stream.next_below(7)) {
    case 0:
      if (inside) text[piece.first] ^= static_cast<char>(1u << stream.next_below(8));
      return;
    case 1:
      if (inside) text[piece.first] = static_cast<char>(stream.next_below(256));
      return;
    case 2:
      text.erase(piece.first, piece.size);
      return;
    case 3:
      text.insert(stream.next_below(text.size() + 1), text.substr(piece.first, piece.size));
      return;
    case 4:
      text.insert(piece.first, extreme_varint(stream));
      return;
    case 5: {
      const std::string number = extreme_varint(stream);
      text.replace(piece.first, std::min(number.size(), text.size() - piece.first), number);
      return;
    }
    default: {
      const std::string& other = corpus[stream.next_below(corpus.size())];
      const Piece theirs = random_piece(other, stream);
      text.replace(piece.first, piece.size, other, theirs.first, theirs.size);
      return;
    }
  }
}

}  // namespace

std::string mutated(const std::vector<std::string>& corpus, size_t max_bytes, Stream& stream) {
  std::string text = corpus[stream.next_below(corpus.size())];
  for (uint64_t edits = 1 + stream.next_below(8); edits > 0; --edits) edit(text, corpus, stream);
  if (text.size() > max_bytes) text.resize(max_bytes);
  return text;
}

}  // namespace bb::fuzz
