// Reads ONNX ModelProto bytes; only this file and onnx_write.cpp see the generated classes.
#include "onnx/onnx.pb.h"

#include <google/protobuf/io/coded_stream.h>

#include <bit>
#include <limits>

#include "bb/ir/graph.h"
#include "bb/ir/onnx_versions.h"
#include "bb/ir/utf8.h"

namespace bb::ir {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int kMaxRank = 64;  // above any legal tensor; bounds the work on hostile bytes

Error bad(std::string code, std::string what, std::string value = {}, std::string hint = {}) {
  return make_error(Fault::kCompile, std::move(code), std::move(what), std::move(value),
                    std::move(hint));
}

Result<std::string> name_from(const std::string& text) {
  if (!valid_utf8(text))
    return bad("bad_utf8", "a name or text is not UTF-8", printable(text), "names are UTF-8 text");
  return text;
}

Result<std::string> domain_from(const std::string& text) {
  BB_ASSIGN_OR_RETURN(std::string domain, name_from(text));
  return domain == "ai.onnx" ? std::string() : std::move(domain);
}

template <class Strings>
Result<std::vector<std::string>> names_from(const Strings& list) {
  std::vector<std::string> out;
  for (const std::string& text : list) {
    BB_ASSIGN_OR_RETURN(std::string name, name_from(text));
    out.push_back(std::move(name));
  }
  return out;
}

template <class Entries>
Result<Meta> meta_from(const Entries& entries) {
  Meta out;
  for (const auto& entry : entries) {
    BB_ASSIGN_OR_RETURN(std::string key, name_from(entry.key()));
    BB_ASSIGN_OR_RETURN(std::string value, name_from(entry.value()));
    if (!out.emplace(key, std::move(value)).second)
      return bad("bad_metadata", "a metadata key appears twice", key, "keep one entry per key");
  }
  return out;
}

// ---- tensors ----

Result<DType> dtype_from(int32_t number) {
  const DType dtype = static_cast<DType>(number);
  if (number == 0 || size_of(dtype) == 0)
    return bad("unsupported_dtype", "this element type is not supported",
               "TensorProto.DataType " + std::to_string(number),
               "use float32, float64, int32, int64, uint8 or bool");
  return dtype;
}

Result<Shape> shape_from(const onnx::TensorProto& proto, DType dtype) {
  if (proto.dims_size() > kMaxRank)
    return bad("bad_tensor", "a tensor has too many dimensions", std::to_string(proto.dims_size()));
  const int64_t limit = std::numeric_limits<int32_t>::max() / static_cast<int64_t>(size_of(dtype));
  int64_t nonzero = 1;
  for (const int64_t size : proto.dims()) {
    if (size < 0) return bad("bad_tensor", "a dimension is negative", std::to_string(size));
    if (size > 0 && nonzero > limit / size)
      return bad("bad_tensor", "a tensor is larger than 2 GiB", std::to_string(size));
    if (size > 0) nonzero *= size;
  }
  return Shape(proto.dims().begin(), proto.dims().end());
}

Error wrong_count(const Tensor& out, size_t found, std::string_view unit) {
  return bad("bad_tensor", "the data of " + out.text() + " has the wrong length",
             std::to_string(found) + " " + std::string(unit));
}

template <class T, class Field>
Status copy_field(const Field& field, Tensor& out) {
  if (static_cast<int64_t>(field.size()) != out.size())
    return wrong_count(out, static_cast<size_t>(field.size()), "elements");
  if (field.empty()) return {};
  T* to = out.mutable_data<T>();
  for (const auto value : field) {
    if constexpr (std::is_same_v<T, uint8_t>)
      if (value < 0 || value > 255)
        return bad("bad_tensor", "a uint8 element is out of range", std::to_string(value));
    *to++ = static_cast<T>(value);
  }
  return {};
}

Status copy_raw(const std::string& raw, Tensor& out) {
  if (raw.size() != out.bytes()) return wrong_count(out, raw.size(), "bytes");
  if (raw.empty()) return {};
  std::byte* to = out.mutable_raw();
  std::memcpy(to, raw.data(), raw.size());
  if (out.dtype() == DType::kBool)
    for (size_t i = 0; i < raw.size(); ++i) to[i] = std::byte{raw[i] != 0};
  return {};
}

Status copy_typed(const onnx::TensorProto& proto, Tensor& out) {
  switch (out.dtype()) {
    case DType::kF32:
      return copy_field<float>(proto.float_data(), out);
    case DType::kF64:
      return copy_field<double>(proto.double_data(), out);
    case DType::kI64:
      return copy_field<int64_t>(proto.int64_data(), out);
    case DType::kI32:
      return copy_field<int32_t>(proto.int32_data(), out);
    case DType::kU8:
      return copy_field<uint8_t>(proto.int32_data(), out);
    case DType::kBool:
      return copy_field<bool>(proto.int32_data(), out);
    case DType::kUndefined:
      break;
  }
  return bad("unsupported_dtype", "a tensor has no element type");
}

/// The bytes its data should take are checked against what is there before memory is taken.
Result<Tensor> tensor_from(const onnx::TensorProto& proto) {
  if (proto.data_location() == onnx::TensorProto::EXTERNAL || proto.external_data_size() > 0)
    return bad("unsupported_tensor", "a tensor keeps its data in another file", {},
               "save the model with its data inside");
  if (proto.has_segment()) return bad("unsupported_tensor", "a tensor is stored in segments");
  BB_ASSIGN_OR_RETURN(const DType dtype, dtype_from(proto.data_type()));
  BB_ASSIGN_OR_RETURN(Shape shape, shape_from(proto, dtype));
  const size_t stored = proto.raw_data().size() + proto.float_data().size() * sizeof(float) +
                        (proto.double_data().size() + proto.int64_data().size()) * sizeof(double) +
                        proto.int32_data().size() * sizeof(int32_t);
  if (static_cast<size_t>(element_count(shape)) * size_of(dtype) > stored)
    return bad("bad_tensor", "a tensor has less data than its shape needs", text_of(shape));
  Tensor out(dtype, std::move(shape));
  if (proto.has_raw_data())
    BB_RETURN_IF_ERROR(copy_raw(proto.raw_data(), out));
  else
    BB_RETURN_IF_ERROR(copy_typed(proto, out));
  return out;
}

// ---- types ----

Result<Dim> dim_from(const onnx::TensorShapeProto::Dimension& proto) {
  if (proto.has_dim_value()) {
    if (proto.dim_value() < 0)
      return bad("bad_type", "a dimension is negative", std::to_string(proto.dim_value()));
    return Dim{proto.dim_value(), {}};
  }
  if (proto.dim_param().empty()) return Dim{};
  if (!valid_utf8(proto.dim_param()) || !legal_symbol(proto.dim_param()))
    return bad("bad_type", "a dimension has an unusable name", printable(proto.dim_param()),
               "use a name such as N, without blanks, commas or brackets");
  return Dim{-1, proto.dim_param()};
}

Result<Type> type_from(const onnx::TypeProto& proto) {
  constexpr std::string_view prefix = "bb.";
  if (proto.denotation().rfind(prefix, 0) == 0) {
    const auto kind = kind_named(std::string_view(proto.denotation()).substr(prefix.size()));
    if (!kind) return bad("bad_type", "unknown denotation", printable(proto.denotation()));
    return Type::of(*kind);
  }
  if (!proto.has_tensor_type())
    return bad("bad_type", "a value is neither a tensor nor one of our kinds");
  BB_ASSIGN_OR_RETURN(const DType dtype, dtype_from(proto.tensor_type().elem_type()));
  if (!proto.tensor_type().has_shape()) return Type{Kind::kTensor, dtype, std::nullopt};
  if (proto.tensor_type().shape().dim_size() > kMaxRank)
    return bad("bad_type", "a type has too many dimensions");
  std::vector<Dim> dims;
  for (const auto& dim : proto.tensor_type().shape().dim()) {
    BB_ASSIGN_OR_RETURN(Dim one, dim_from(dim));
    dims.push_back(std::move(one));
  }
  return Type::tensor(dtype, std::move(dims));
}

// ---- attributes, nodes, functions ----

Result<Attr> attr_from(const onnx::AttributeProto& proto) {
  if (!proto.ref_attr_name().empty())
    return bad("unsupported_attribute", "an attribute refers to one of its function",
               printable(proto.name()), "give the value itself");
  switch (proto.type()) {
    case onnx::AttributeProto::INT:
      return Attr(proto.i());
    case onnx::AttributeProto::FLOAT:
      return Attr(static_cast<double>(proto.f()));
    case onnx::AttributeProto::STRING:
      return Attr(proto.s());
    case onnx::AttributeProto::INTS:
      return Attr(std::vector<int64_t>(proto.ints().begin(), proto.ints().end()));
    case onnx::AttributeProto::FLOATS:
      return Attr(std::vector<double>(proto.floats().begin(), proto.floats().end()));
    case onnx::AttributeProto::STRINGS:
      return Attr(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case onnx::AttributeProto::TENSOR: {
      BB_ASSIGN_OR_RETURN(Tensor tensor, tensor_from(proto.t()));
      return Attr(std::move(tensor));
    }
    case onnx::AttributeProto::UNDEFINED:
      return bad("bad_attribute", "an attribute does not say its type", printable(proto.name()));
    default:
      return bad("unsupported_attribute", "attributes that hold graphs or types are not supported",
                 printable(proto.name()), "write sub-graphs as functions");
  }
}

Result<Node> node_from(const onnx::NodeProto& proto) {
  Node node;
  BB_ASSIGN_OR_RETURN(node.name, name_from(proto.name()));
  BB_ASSIGN_OR_RETURN(node.domain, domain_from(proto.domain()));
  BB_ASSIGN_OR_RETURN(node.op, name_from(proto.op_type()));
  BB_ASSIGN_OR_RETURN(node.inputs, names_from(proto.input()));
  BB_ASSIGN_OR_RETURN(node.outputs, names_from(proto.output()));
  BB_ASSIGN_OR_RETURN(node.meta, meta_from(proto.metadata_props()));
  if (!proto.overload().empty())
    return bad("unsupported_overload", "overloaded functions are not supported", node.op);
  for (const auto& attribute : proto.attribute()) {
    BB_ASSIGN_OR_RETURN(std::string name, name_from(attribute.name()));
    auto value = attr_from(attribute);
    if (!value.ok()) return std::move(value).error().at("node \"" + node.name + "\", " + node.op);
    if (!node.attrs.emplace(name, std::move(value).value()).second)
      return bad("bad_attribute", "an attribute of " + node.op + " appears twice", name);
  }
  normalise_constant(node);
  return node;
}

template <class Imports>
Status check_opsets(const Imports& imports) {
  for (const auto& entry : imports) {
    BB_ASSIGN_OR_RETURN(const std::string domain, domain_from(entry.domain()));
    const bool ours = domain.rfind(kOwnPrefix, 0) == 0;
    if ((domain.empty() || ours) && entry.version() != version_of(domain))
      return bad("bad_opset", "domain \"" + domain + "\" has another version than supported",
                 std::to_string(entry.version()),
                 "convert the model to version " + std::to_string(version_of(domain)));
  }
  return {};
}

Result<Function> function_from(const onnx::FunctionProto& proto) {
  Function out;
  BB_ASSIGN_OR_RETURN(out.domain, domain_from(proto.domain()));
  BB_ASSIGN_OR_RETURN(out.name, name_from(proto.name()));
  BB_ASSIGN_OR_RETURN(out.inputs, names_from(proto.input()));
  BB_ASSIGN_OR_RETURN(out.outputs, names_from(proto.output()));
  BB_ASSIGN_OR_RETURN(out.meta, meta_from(proto.metadata_props()));
  BB_RETURN_IF_ERROR(check_opsets(proto.opset_import()));
  if (proto.attribute_size() > 0 || proto.attribute_proto_size() > 0)
    return bad("unsupported_attribute", "functions with attributes are not supported", out.name);
  if (!proto.overload().empty())
    return bad("unsupported_overload", "overloaded functions are not supported", out.name);
  for (const auto& node : proto.node()) {
    BB_ASSIGN_OR_RETURN(Node one, node_from(node));
    out.nodes.push_back(std::move(one));
  }
  for (const auto& info : proto.value_info()) {
    BB_ASSIGN_OR_RETURN(std::string name, name_from(info.name()));
    if (!info.has_type()) continue;
    auto type = type_from(info.type());
    if (!type.ok()) return std::move(type).error().at("value \"" + name + "\"");
    if (!out.types.emplace(name, std::move(type).value()).second)
      return bad("bad_type", "a value has two types", name);
  }
  return out;
}

Status check_header(const onnx::ModelProto& proto) {
  if (!proto.has_ir_version())
    return bad("not_onnx", "these bytes are no ONNX model: ir_version is missing");
  if (proto.ir_version() != kIrVersion)
    return bad("bad_ir_version", "the model has another IR version than supported",
               std::to_string(proto.ir_version()), "save it with ir_version 10");
  BB_RETURN_IF_ERROR(check_opsets(proto.opset_import()));
  const onnx::GraphProto& graph = proto.graph();
  if (graph.node_size() + graph.initializer_size() + graph.sparse_initializer_size() > 0)
    return bad("unsupported_graph", "the top-level graph is not empty",
               std::to_string(graph.node_size()) + " nodes", "programs live in functions");
  if (proto.training_info_size() > 0)
    return bad("unsupported_graph", "training_info is not supported");
  return {};
}

/// True when the bytes begin like a ModelProto and end inside one of its fields.
bool looks_truncated(std::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  constexpr uint32_t ir_version_tag = 1 << 3;
  uint64_t number = 0;
  if (in.ReadTag() != ir_version_tag || !in.ReadVarint64(&number)) return false;
  while (const uint32_t tag = in.ReadTag()) {
    const uint32_t wire_type = tag & 7;
    uint32_t length = 0;
    if (wire_type == 0 ? !in.ReadVarint64(&number) : wire_type != 2 || !in.ReadVarint32(&length))
      return in.CurrentPosition() + 10 >= static_cast<int>(bytes.size());
    if (wire_type == 2 && !in.Skip(static_cast<int>(length))) return length < (1u << 31);
  }
  return false;
}

}  // namespace

Result<Model> from_onnx(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return bad("too_large", "the model is larger than 2 GiB", std::to_string(bytes.size()));
  if (bytes.empty()) return bad("not_onnx", "there are no bytes to read", "0 bytes");
  onnx::ModelProto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    if (looks_truncated(bytes))
      return bad("truncated", "the model ends too early", std::to_string(bytes.size()) + " bytes",
                 "the file was cut; copy it again");
    return bad("not_onnx", "these bytes are no ONNX model",
               std::to_string(bytes.size()) + " bytes");
  }
  BB_RETURN_IF_ERROR(check_header(proto));
  Model model;
  BB_ASSIGN_OR_RETURN(model.meta, meta_from(proto.metadata_props()));
  for (const auto& function : proto.functions()) {
    auto one = function_from(function);
    if (!one.ok())
      return std::move(one).error().at("function \"" + printable(function.name()) + "\"");
    model.functions.push_back(std::move(one).value());
  }
  return model;
}

}  // namespace bb::ir
