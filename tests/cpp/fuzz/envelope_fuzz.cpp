// Fuzzes decode(): whatever it takes must be encodable again to the same envelope, of the size
// foretold.
#include "bb/wire/envelope.h"
#include "fuzz/target.h"
#include "wire/random_envelope.h"

namespace bb::fuzz {

std::vector<std::string> corpus() {
  Stream stream(0, "envelope corpus");
  std::vector<std::string> out;
  for (int i = 0; i < 64; ++i) {
    Result<std::string> bytes = encode(testing::random_envelope(stream));
    BB_CHECK(bytes.ok());
    out.push_back(std::move(bytes).value());
  }
  return out;
}

}  // namespace bb::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const bb::Result<bb::Envelope> envelope = bb::decode(bytes, bb::EnvelopeCaps());
  if (!envelope.ok()) {
    BB_CHECK(!envelope.error().code.empty() && !envelope.error().text().empty());
    return -1;
  }
  const bb::Result<std::string> again = bb::encode(*envelope);
  BB_CHECK(again.ok() && again->size() == bb::encoded_size(*envelope));
  const bb::Result<bb::Envelope> twice = bb::decode(*again, bb::EnvelopeCaps());
  BB_CHECK(twice.ok() && bb::testing::same_envelope(*twice, *envelope));
  return 0;
}
