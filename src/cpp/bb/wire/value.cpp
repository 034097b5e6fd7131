// Sizes, equality and text of values.
#include "bb/wire/value.h"

namespace bb {
namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;

size_t count_of(const Peers& peers) { return peers == nullptr ? 0 : peers->size(); }

bool same(const Peers& a, const Peers& b) {
  if (a == b) return true;
  if (count_of(a) != count_of(b)) return false;
  return count_of(a) == 0 || *a == *b;
}

}  // namespace

size_t byte_size(const Value& value) {
  return std::visit(
      Match{[](std::monostate) { return size_t{0}; }, [](Trigger) { return size_t{0}; },
            [](const Tensor& tensor) { return tensor.bytes(); },
            [](const PeerId& id) { return id.bytes().size(); },
            [](const Peers& peers) {
              size_t total = 0;
              for (size_t i = 0; i < count_of(peers); ++i) total += (*peers)[i].bytes().size();
              return total;
            },
            [](const std::string& bytes) { return bytes.size(); },
            [](const std::shared_ptr<const Object>&) { return size_t{0}; }},
      value);
}

bool same_value(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      Match{[](std::monostate) { return true; }, [](Trigger) { return true; },
            [&](const Tensor& tensor) { return tensor.same_bytes(std::get<Tensor>(b)); },
            [&](const PeerId& id) { return id == std::get<PeerId>(b); },
            [&](const Peers& peers) { return same(peers, std::get<Peers>(b)); },
            [&](const std::string& bytes) { return bytes == std::get<std::string>(b); },
            [&](const std::shared_ptr<const Object>& object) {
              return object == std::get<std::shared_ptr<const Object>>(b);
            }},
      a);
}

std::string text_of(const Value& value) {
  return std::visit(
      Match{[](std::monostate) { return std::string("nothing"); },
            [](Trigger) { return std::string("trigger"); },
            [](const Tensor& tensor) { return tensor.text(); },
            [](const PeerId& id) { return "peer(" + id.text() + ")"; },
            [](const Peers& peers) { return "peers(" + std::to_string(count_of(peers)) + ")"; },
            [](const std::string& bytes) { return "bytes(" + std::to_string(bytes.size()) + ")"; },
            [](const std::shared_ptr<const Object>& object) {
              return object == nullptr ? std::string("object") : std::string(object->kind());
            }},
      value);
}

}  // namespace bb
