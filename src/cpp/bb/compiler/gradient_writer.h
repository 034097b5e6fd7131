// Writer: appends typed ai.onnx nodes to a function; gradient rules write their arithmetic with it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bb/ir/graph.h"

namespace bb::compiler {

using Ints = std::vector<int64_t>;
using Dims = std::vector<ir::Dim>;

/// True when both are known to be the same number or the same symbol.
bool surely_equal(const ir::Dim& a, const ir::Dim& b);
/// The numbers of `dims`, or nothing when one is not known.
std::optional<Ints> known_dims(const Dims& dims);

/// Where a dimension not known now is read at run time: an axis of a value.
struct DimSource {
  std::string value;
  int64_t axis;
};
/// Every axis of a value of `rank`.
std::vector<DimSource> axes_of(const std::string& value, int64_t rank);

/// A block [first, first+size) of one axis.
struct Block {
  std::string value;
  int64_t axis = 0;
  int64_t first = 0;
  int64_t size = 0;
};

/// Every method appends nodes and returns the name of the value it made, of known type.
class Writer {
 public:
  explicit Writer(ir::Function& function) : function_(function) {}

  /// Names and metadata of the nodes appended from now on: `<stem>.grad…`, `meta`.
  void begin(std::string stem, ir::Meta meta);
  /// A name not used yet, `wanted` itself when free.
  std::string free_name(const std::string& wanted) const;

  const ir::Type& type(const std::string& value) const;
  const Dims& dims(const std::string& value) const { return *type(value).shape; }
  DType dtype(const std::string& value) const { return type(value).dtype; }
  int64_t rank(const std::string& value) const { return static_cast<int64_t>(dims(value).size()); }
  /// The tensor behind a Constant node (seen through Identity), if the value is one.
  std::optional<Tensor> constant_behind(const std::string& value) const;
  /// The number a one-element float constant holds, if the value is one.
  std::optional<double> constant_number(const std::string& value) const;

  std::string emit(std::string op, std::vector<std::string> inputs, ir::Type type,
                   std::map<std::string, ir::Attr> attrs = {});

  // Constants.
  std::string constant(const Tensor& tensor);
  std::string ints(const Ints& values);           ///< int64[n]
  std::string scalar(double value, DType dtype);  ///< dtype[], float or integer
  std::string scalar_like(double value, const std::string& like) {
    return scalar(value, dtype(like));
  }

  // Elementwise, broadcasting.
  std::string unary(std::string op, const std::string& x);
  std::string binary(std::string op, const std::string& a, const std::string& b);
  std::string compare(std::string op, const std::string& a, const std::string& b);
  std::string where(const std::string& condition, const std::string& a, const std::string& b);
  std::string cast(const std::string& x, DType dtype);

  // Sizes, constant when they can be.
  /// int64[n]: the dimensions of `wanted`; those not known are read from `sources`.
  std::string shape_vector(const Dims& wanted, const std::vector<DimSource>& sources);
  std::string shape_of(const std::string& x);  ///< int64[rank]
  /// dtype[]: how many elements of `x` the axes hold.
  std::string count(const std::string& x, const Ints& axes, DType dtype);
  /// Zeros of `dtype` with the dimensions of shape_vector.
  std::string zeros(DType dtype, const Dims& wanted, const std::vector<DimSource>& sources);
  std::string zeros_like(const std::string& x);

  // Shape changes.
  std::string reshape_like(const std::string& x, const std::string& like);
  std::string to_matrix(const std::string& x);  ///< all axes but the last become the rows
  std::string unsqueeze(const std::string& x, const Ints& axes);  ///< axes of the result, sorted
  std::string squeeze(const std::string& x, const Ints& axes);
  std::string transpose(const std::string& x, const Ints& perm);
  std::string sum(const std::string& x, const Ints& axes, bool keep);
  /// The inverse of a reduction: repeats `x`, the reduction of `like` over `axes`.
  std::string spread(const std::string& x, const std::string& like, const Ints& axes, bool kept);
  std::string concat(const std::vector<std::string>& parts, int64_t axis, const ir::Dim& total);
  /// Disjoint blocks of one axis, ascending, joined to `total` elements along it; zeros in the
  /// gaps.
  std::string join(const std::vector<Block>& blocks, int64_t total);

  // Products of matrices.
  std::string gemm(const std::string& a, bool trans_a, const std::string& b, bool trans_b,
                   double alpha = 1);
  std::string matmul(const std::string& a, const std::string& b);

 private:
  ir::Function& function_;
  std::string stem_;
  ir::Meta meta_;
  std::map<std::string, std::string> constants_;  ///< small ones, by type and bytes
};

/// 0, 1, … rank-1.
Ints all_axes(int64_t rank);
/// `axis` counted from the front.
inline int64_t from_front(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

}  // namespace bb::compiler
