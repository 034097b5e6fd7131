// Kernel: one operator with its shapes resolved, and the table of operators the CPU backend knows.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bb/ir/graph.h"
#include "bb/tensor/tensor.h"

namespace bb::cpu {

/// Element type and concrete shape of one value; an absent optional input is undefined.
struct Desc {
  DType dtype = DType::kUndefined;
  Shape shape;
  int64_t count = 0;
  bool present() const { return dtype != DType::kUndefined; }
  size_t bytes() const { return static_cast<size_t>(count) * size_of(dtype); }
};

/// One operator where it stands in a plan: everything is known but the addresses.
struct OpSite {
  const ir::Node& node;
  std::vector<Desc> in;
  std::vector<Desc> out;
  std::vector<const Tensor*> constant;  ///< per input: its value when known at plan time, or null

  bool has_input(size_t i) const { return i < in.size() && in[i].present(); }
  /// The constant int64 (or int32) values of input i. Errors: InstallError needs_constant.
  Result<std::vector<int64_t>> ints(size_t i) const;
  /// axis attribute (or `fallback`) made non-negative against `rank`.
  int64_t axis(int64_t fallback, size_t rank) const;
};

/// A resolved operator. Immutable; called by many threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Bytes of 64-byte-aligned scratch one call needs.
  virtual size_t scratch_bytes() const { return 0; }
  /// Runs on contiguous row-major values. Errors: DataError for values out of range.
  virtual Status run(const std::byte* const* in, std::byte* const* out,
                     std::byte* scratch) const = 0;
};

using BuildResult = Result<std::unique_ptr<Kernel>>;
using Builder = BuildResult (*)(const OpSite&);
/// Byte offset into input 0 when the output is a contiguous view of it, else nothing.
using Alias = std::optional<size_t> (*)(const OpSite&);

/// One row of the backend's operator table.
struct CpuOp {
  std::string_view name;
  Builder build;
  Alias alias;  ///< null when the output is never a view
};
/// The row of an ai.onnx operator, or null.
const CpuOp* find_cpu_op(std::string_view name);

/// InstallError for a dtype the operator does not take here.
Error unsupported_dtype(const OpSite& site, DType dtype);

/// A kernel from a callable (in, out, scratch) -> Status.
template <class Body>
std::unique_ptr<Kernel> make_kernel(Body body, size_t scratch = 0) {
  class Lambda final : public Kernel {
   public:
    Lambda(Body body, size_t scratch) : body_(std::move(body)), scratch_(scratch) {}
    size_t scratch_bytes() const override { return scratch_; }
    Status run(const std::byte* const* in, std::byte* const* out,
               std::byte* scratch) const override {
      return body_(in, out, scratch);
    }

   private:
    Body body_;
    size_t scratch_;
  };
  return std::make_unique<Lambda>(std::move(body), scratch);
}

template <class T>
const T* at(const std::byte* p) {
  return reinterpret_cast<const T*>(p);
}
template <class T>
T* at(std::byte* p) {
  return reinterpret_cast<T*>(p);
}

}  // namespace bb::cpu
