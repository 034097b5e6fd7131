// Matrix product for one instruction set: register tiles of rows by registers of columns, each
// element one fma chain over k. Large or transposed operands are packed into scratch first.
#include "bb/kernels/gemm.h"

#include <utility>

#include "bb/kernels/gemm_blocks.h"
#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

/// One tile: C[rows, NV registers] += A[rows, k] * B[k, NV registers].
template <class T>
struct Tile {
  const T* a;
  size_t a_row;  // elements from one row of the tile to the next
  size_t a_k;    // elements from one k to the next
  const T* b;
  size_t b_k;
  size_t k;
  const T* bias;  // null: start from 0, or from C when `accumulate`
  T* c;
  size_t c_row;
  bool accumulate;
  bool full_b;     // B may be read beyond the last column
  size_t columns;  // of the last register, 1..width
};

/// Register v of the row at p; the last register of a row may be partial.
template <class T, size_t NV>
BB_INLINE inline Vec<T> load_part(const T* p, size_t v, Tail<T> tail) {
  return v + 1 < NV ? load(p + v * kWidth<T>) : load_tail(p + v * kWidth<T>, tail);
}

template <class T, size_t MR, size_t NV>
BB_INLINE inline void load_start(const Tile<T>& t, Tail<T> tail, Vec<T> (&acc)[MR][NV]) {
  if (t.accumulate) {
    unroll<MR>([&](auto r) BB_INLINE {
      unroll<NV>([&](auto v)
                     BB_INLINE { acc[r][v] = load_part<T, NV>(t.c + r * t.c_row, v, tail); });
    });
  } else if (t.bias != nullptr) {
    unroll<NV>([&](auto v) BB_INLINE {
      const Vec<T> start = load_part<T, NV>(t.bias, v, tail);
      unroll<MR>([&](auto r) BB_INLINE { acc[r][v] = start; });
    });
  } else {
    unroll<MR>([&](auto r)
                   BB_INLINE { unroll<NV>([&](auto v) BB_INLINE { acc[r][v] = zero<T>(); }); });
  }
}

template <class T, size_t MR, size_t NV>
void run_tile(const Tile<T>& t) {
  const Tail<T> tail = tail_of<T>(t.columns);
  const Tail<T> b_tail = tail_of<T>(t.full_b ? kWidth<T> : t.columns);
  Vec<T> acc[MR][NV];
  load_start<T, MR, NV>(t, tail, acc);
  const T* a = t.a;
  const T* b = t.b;
  const size_t a_row = t.a_row;
  const size_t a_k = t.a_k;
  const size_t b_k = t.b_k;
  for (size_t k = t.k; k > 0; --k) {
    Vec<T> column[NV];
    unroll<NV>([&](auto v) BB_INLINE {
      const T* p = b + v * kWidth<T>;
      column[v] = kMaskedLoads && v + 1 == NV ? load_tail(p, b_tail) : load(p);
    });
    unroll<MR>([&](auto r) BB_INLINE {
      const Vec<T> value = set1(a[r * a_row]);
      unroll<NV>([&](auto v) BB_INLINE { acc[r][v] = fused(value, column[v], acc[r][v]); });
    });
    a += a_k;
    b += b_k;
  }
  unroll<MR>([&](auto r) BB_INLINE {
    T* c = t.c + r * t.c_row;
    unroll<NV>([&](auto v) BB_INLINE {
      if constexpr (v + 1 < NV) {
        save(c + v * kWidth<T>, acc[r][v]);
      } else {
        save_tail(c + v * kWidth<T>, acc[r][v], tail);
      }
    });
  });
}

/// Rows of a tile that keep rows * registers accumulators, the columns and one value in registers.
constexpr size_t most_rows(size_t nv) {
  if (kRegisters == 32) return nv == 1 ? 14 : nv == 2 ? 12 : nv == 3 ? 8 : 6;
  return nv == 1 ? 10 : nv == 2 ? 6 : 4;
}
/// Registers of columns per tile, at most.
constexpr size_t kMostVectors = kRegisters == 32 ? 4 : 3;

template <class T>
using TileFunction = void (*)(const Tile<T>&);

template <class T, size_t NV, size_t... R>
inline TileFunction<T> pick_rows(size_t rows, std::index_sequence<R...>) {
  static constexpr TileFunction<T> functions[] = {run_tile<T, R + 1, NV>...};
  return functions[rows - 1];
}
template <class T>
inline TileFunction<T> pick_tile(size_t nv, size_t rows) {
  switch (nv) {
    case 1:
      return pick_rows<T, 1>(rows, std::make_index_sequence<most_rows(1)>());
    case 2:
      return pick_rows<T, 2>(rows, std::make_index_sequence<most_rows(2)>());
    case 3:
      return pick_rows<T, 3>(rows, std::make_index_sequence<most_rows(3)>());
    default:
      if constexpr (kMostVectors == 4) {
        return pick_rows<T, 4>(rows, std::make_index_sequence<most_rows(4)>());
      }
      return nullptr;
  }
}

/// How many registers wide the next panel of `left` registers is, so that no sliver remains.
inline size_t panel_vectors(size_t left) {
  if (left <= kMostVectors) return left;
  if constexpr (kMostVectors == 4) {
    return left % 4 == 1 && left < 6 ? 3 : 4;
  }
  return left % 3 == 0 ? 3 : 2;
}

/// Copies B[k0.., j0..] of one panel to out[k][width], padded with zeros to `width` columns.
template <class T>
void pack_panel(const GemmShape& s, const T* b, size_t k0, size_t depth, size_t j0, size_t columns,
                size_t width, T* out) {
  if (!s.trans_b) {
    for (size_t k = 0; k < depth; ++k) {
      const T* row = b + (k0 + k) * s.ldb + j0;
      for (size_t j = 0; j < columns; ++j) out[k * width + j] = row[j];
      for (size_t j = columns; j < width; ++j) out[k * width + j] = T(0);
    }
    return;
  }
  for (size_t j = 0; j < width; ++j) {
    const T* row = b + (j0 + j) * s.ldb + k0;
    for (size_t k = 0; k < depth; ++k) out[k * width + j] = j < columns ? row[k] : T(0);
  }
}

template <class T>
void multiply_panel(const GemmShape& s, const T* a, const T* bias, T* c, size_t k0, size_t depth,
                    size_t j0, size_t nv, Tile<T> t) {
  t.a_row = s.trans_a ? 1 : s.lda;
  t.a_k = s.trans_a ? s.lda : 1;
  t.k = depth;
  t.c_row = s.ldc;
  t.accumulate = s.accumulate || k0 > 0;
  t.bias = bias == nullptr || t.accumulate ? nullptr : bias + j0;
  const size_t tiles = (s.m + most_rows(nv) - 1) / most_rows(nv);
  for (size_t i = 0, done = 0; done < tiles; ++done) {
    const size_t rows = (s.m - i + (tiles - done) - 1) / (tiles - done);
    t.a = a + i * t.a_row + k0 * t.a_k;
    t.c = c + i * s.ldc + j0;
    pick_tile<T>(nv, rows)(t);
    i += rows;
  }
}

template <class T>
void gemm(const GemmShape& s, const T* a, const T* b, const T* bias, T* c, void* scratch) {
  if (s.m == 0 || s.n == 0) return;
  T* packed = static_cast<T*>(scratch);
  const bool pack = gemm_packs_b(s);
  size_t k0 = 0;
  do {
    const size_t depth = smaller(kGemmDepth, s.k - k0);
    for (size_t j0 = 0; j0 < s.n;) {
      const size_t left = (s.n - j0 + kWidth<T> - 1) / kWidth<T>;
      const size_t nv = panel_vectors(left);
      const size_t width = nv * kWidth<T>;
      const size_t columns = smaller(width, s.n - j0);
      Tile<T> t{};
      t.columns = columns - (nv - 1) * kWidth<T>;
      if (pack || (!kMaskedLoads && columns < width)) {
        pack_panel(s, b, k0, depth, j0, columns, width, packed);
        t.b = packed;
        t.b_k = width;
        t.full_b = true;
      } else {
        t.b = b + k0 * s.ldb + j0;
        t.b_k = s.ldb;
      }
      multiply_panel(s, a, bias, c, k0, depth, j0, nv, t);
      j0 += columns;
    }
    k0 += depth;
  } while (k0 < s.k);
}

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {.gemm_f32 = gemm<float>, .gemm_f64 = gemm<double>};

}  // namespace bb::kernels::BB_KERNEL_ISA
