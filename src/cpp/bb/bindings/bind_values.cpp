// Binds peer ids, decisions and the results of gathers and aggregations.
#include <pybind11/operators.h>
#include <pybind11/stl.h>

#include "bb/bindings/arrays.h"
#include "bb/bindings/bindings.h"
#include "bb/bindings/convert.h"
#include "bb/bindings/errors.h"
#include "bb/parts/data/view.h"
#include "bb/roles/aggregator.h"

namespace bb::bindings {
namespace {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kPartial:
      return "partial";
    case Verdict::kRejected:
      return "rejected";
  }
  return "";
}

void bind_peer_id(py::module_& m) {
  py::class_<PeerId>(m, "PeerId", "The identity of a peer; ids order as bytes.")
      .def_static("from_int", &PeerId::from_int, py::arg("index"),
                  "Simulation id number `index`; from_int(i) order like i.")
      .def_static(
          "from_seed",
          [](const py::bytes& seed) { return PeerId::from_seed(seed.cast<std::string>()); },
          py::arg("seed"), "The id of SHA-256(seed).")
      .def_static("server", &PeerId::server,
                  "The simulator's server; sorts before every from_int id.")
      .def_static(
          "parse", [](const std::string& text) { return unwrap(PeerId::parse(text)); },
          py::arg("text"), "Reads base58 text, a decimal or \"server\".")
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes) {
            return unwrap(PeerId::from_bytes(bytes.cast<std::string>()));
          },
          py::arg("data"), "Checks multihash bytes.")
      .def_property_readonly("bytes", [](const PeerId& p) { return py::bytes(p.bytes()); })
      .def_property_readonly("index", &PeerId::index, "The integer of a from_int id, else -1.")
      .def("__str__", &PeerId::text)
      .def("__repr__", [](const PeerId& p) { return "PeerId(" + p.text() + ")"; })
      .def("__hash__", [](const PeerId& p) { return py::hash(py::bytes(p.bytes())); })
      .def("__eq__",
           [](const PeerId& a, const py::object& b) {
             return py::isinstance<PeerId>(b) && a == b.cast<PeerId>();
           })
      .def(
          "__lt__", [](const PeerId& a, const PeerId& b) { return a < b; }, py::is_operator())
      .def(py::pickle(
          [](const PeerId& p) { return py::bytes(p.bytes()); },
          [](const py::bytes& b) { return unwrap(PeerId::from_bytes(b.cast<std::string>())); }));
}

void bind_results(py::module_& m) {
  py::class_<Decision>(m, "Decision", "What became of one peer's row, and why.")
      .def_readonly("peer", &Decision::peer)
      .def_property_readonly("verdict", [](const Decision& d) { return verdict_name(d.verdict); })
      .def_readonly("reason", &Decision::reason)
      .def_readonly("score", &Decision::score)
      .def_readonly("weight", &Decision::weight)
      .def("__repr__", [](const Decision& d) {
        return "Decision(peer=" + d.peer.text() + ", " + verdict_name(d.verdict) +
               (d.reason.empty() ? "" : ", reason=" + d.reason) + ")";
      });
  py::class_<Aggregation, std::shared_ptr<Aggregation>>(
      m, "Aggregation", "The vector of one aggregation and a decision per peer.")
      .def_property_readonly("vector", [](const Aggregation& a) { return array_of(a.vector); })
      .def_readonly("decisions", &Aggregation::decisions)
      .def_readonly("skipped", &Aggregation::skipped)
      .def_readonly("skip_reason", &Aggregation::skip_reason)
      .def_property_readonly("stats", [](const Aggregation& a) { return python_of(a.stats); })
      .def_property_readonly("state",
                             [](const Aggregation& a) {
                               py::dict out;
                               for (const auto& [name, value] : a.state)
                                 out[py::str(name)] = array_of(value);
                               return out;
                             })
      .def("__repr__", [](const Aggregation& a) {
        size_t rejected = 0;
        for (const Decision& d : a.decisions) rejected += d.verdict == Verdict::kRejected;
        return "Aggregation(" + a.vector.text() + ", " + std::to_string(a.decisions.size()) +
               " peers, " + std::to_string(rejected) + " rejected" +
               (a.skipped ? ", skipped: " + a.skip_reason : "") + ")";
      });
  py::class_<Arrived, std::shared_ptr<Arrived>>(m, "Arrived", "What a gather collected.")
      .def_readonly("peers", &Arrived::peers)
      .def_property_readonly("values",
                             [](const Arrived& a) {
                               py::list out;
                               for (const Tensor& t : a.values) out.append(array_of(t));
                               return out;
                             })
      .def_readonly("missing", &Arrived::missing)
      .def_readonly("missing_why", &Arrived::missing_why)
      .def_readonly("timed_out", &Arrived::timed_out);
}

void bind_data(py::module_& m) {
  py::class_<Resource, std::shared_ptr<Resource>>(m, "Resource",
                                                  "An object given to a slot by reference.")
      .def("digest", &Resource::digest);
  py::class_<DataView, Resource, std::shared_ptr<DataView>>(m, "DataView", "Rows of shared arrays.")
      .def(py::init([](const py::handle& x, const py::handle& y, const py::handle& indices,
                       int64_t classes) {
             return unwrap(make_view(tensor_of(x, "x"), tensor_of(y, "y"),
                                     tensor_of(indices, "indices"), classes));
           }),
           py::arg("x"), py::arg("y"), py::arg("indices"), py::arg("classes"))
      .def_property_readonly("x", [](const DataView& v) { return array_of(v.x); })
      .def_property_readonly("y", [](const DataView& v) { return array_of(v.y); })
      .def_property_readonly("indices", [](const DataView& v) { return array_of(v.indices); })
      .def_readonly("classes", &DataView::classes);
  m.def("batch_indices", &batch_indices, py::arg("seed"), py::arg("node"), py::arg("step"),
        py::arg("batch"), py::arg("size"),
        "Places in [0, size) that batch number `step` of node index `node` draws.");
}

}  // namespace

void bind_values(py::module_& m) {
  bind_peer_id(m);
  bind_results(m);
  bind_data(m);
}

}  // namespace bb::bindings
