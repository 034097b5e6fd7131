// Writes models as deterministic ONNX ModelProto bytes.
#include "onnx/onnx.pb.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <set>

#include "bb/ir/graph.h"
#include "bb/ir/onnx_versions.h"

namespace bb::ir {
namespace {

void write_meta(const Meta& meta,
                google::protobuf::RepeatedPtrField<onnx::StringStringEntryProto>* to) {
  for (const auto& [key, value] : meta) {
    onnx::StringStringEntryProto* entry = to->Add();
    entry->set_key(key);
    entry->set_value(value);
  }
}

void write_opsets(const std::set<std::string>& domains,
                  google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>* to) {
  for (const std::string& domain : domains) {
    onnx::OperatorSetIdProto* entry = to->Add();
    entry->set_domain(domain);
    entry->set_version(version_of(domain));
  }
}

void write_tensor(const Tensor& tensor, onnx::TensorProto* to) {
  for (const int64_t size : tensor.shape()) to->add_dims(size);
  to->set_data_type(static_cast<int32_t>(tensor.dtype()));
  to->set_raw_data(std::string(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes()));
}

struct AttrWriter {
  onnx::AttributeProto* to;
  void operator()(int64_t value) const {
    to->set_type(onnx::AttributeProto::INT);
    to->set_i(value);
  }
  void operator()(double value) const {
    to->set_type(onnx::AttributeProto::FLOAT);
    to->set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    to->set_type(onnx::AttributeProto::STRING);
    to->set_s(value);
  }
  void operator()(const std::vector<int64_t>& list) const {
    to->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : list) to->add_ints(value);
  }
  void operator()(const std::vector<double>& list) const {
    to->set_type(onnx::AttributeProto::FLOATS);
    for (const double value : list) to->add_floats(static_cast<float>(value));
  }
  void operator()(const std::vector<std::string>& list) const {
    to->set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : list) to->add_strings(value);
  }
  void operator()(const Tensor& tensor) const {
    to->set_type(onnx::AttributeProto::TENSOR);
    write_tensor(tensor, to->mutable_t());
  }
};

void write_node(Node node, onnx::NodeProto* to) {
  normalise_constant(node);
  for (const std::string& name : node.inputs) to->add_input(name);
  for (const std::string& name : node.outputs) to->add_output(name);
  if (!node.name.empty()) to->set_name(node.name);
  to->set_op_type(node.op);
  if (!node.domain.empty()) to->set_domain(node.domain);
  for (const auto& [key, value] : node.attrs) {
    onnx::AttributeProto* attribute = to->add_attribute();
    attribute->set_name(key);
    std::visit(AttrWriter{attribute}, value);
  }
  write_meta(node.meta, to->mutable_metadata_props());
}

void write_type(const Type& type, onnx::TypeProto* to) {
  onnx::TypeProto::Tensor* tensor = to->mutable_tensor_type();
  if (!type.is_tensor()) {
    tensor->set_elem_type(onnx::TensorProto::BOOL);
    tensor->mutable_shape();
    to->set_denotation("bb." + std::string(name_of(type.kind)));
    return;
  }
  tensor->set_elem_type(static_cast<int32_t>(type.dtype));
  if (!type.shape) return;
  onnx::TensorShapeProto* shape = tensor->mutable_shape();
  for (const Dim& dim : *type.shape) {
    onnx::TensorShapeProto::Dimension* one = shape->add_dim();
    if (dim.known())
      one->set_dim_value(dim.value);
    else if (!dim.symbol.empty())
      one->set_dim_param(dim.symbol);
  }
}

/// A type that says nothing is left out of value_info.
bool worth_writing(const Type& type) {
  return type.kind != Kind::kAny && (!type.is_tensor() || type.dtype != DType::kUndefined);
}

std::set<std::string> domains_of(const Function& function) {
  std::set<std::string> out = {std::string(domain::kOnnx)};
  for (const Node& node : function.nodes) out.insert(node.domain);
  return out;
}

void write_function(const Function& function, onnx::FunctionProto* to) {
  to->set_name(function.name);
  to->set_domain(function.domain);
  for (const std::string& name : function.inputs) to->add_input(name);
  for (const std::string& name : function.outputs) to->add_output(name);
  for (const Node& node : function.nodes) write_node(node, to->add_node());
  write_opsets(domains_of(function), to->mutable_opset_import());
  for (const auto& [name, type] : function.types) {
    if (!worth_writing(type)) continue;
    onnx::ValueInfoProto* info = to->add_value_info();
    info->set_name(name);
    write_type(type, info->mutable_type());
  }
  write_meta(function.meta, to->mutable_metadata_props());
}

}  // namespace

std::string to_onnx(const Model& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name(std::string(kProducer));
  proto.mutable_graph()->set_name(std::string(kProducer));
  std::set<std::string> domains = {std::string(domain::kOnnx)};
  for (const Function& function : model.functions) {
    domains.merge(domains_of(function));
    domains.insert(function.domain);
    write_function(function, proto.add_functions());
  }
  write_opsets(domains, proto.mutable_opset_import());
  write_meta(model.meta, proto.mutable_metadata_props());
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  BB_CHECK(proto.SerializeToCodedStream(&coded));
  coded.Trim();
  return out;
}

}  // namespace bb::ir
