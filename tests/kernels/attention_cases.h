// The one list of attention cases, their tensors and masks, and a slow reference in double precision.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "kernels/ref/block_sparse_attention.h"

namespace wean::test {

/// Families of masks; each is drawn per head from a fixed generator.
enum class MaskFamily {
  kDense,       ///< null bits
  kAllOnes,     ///< every bit set
  kUniform,     ///< each pair with the same probability
  kFixedCount,  ///< the same number of pairs in every row
  kBand,        ///< near the diagonal
  kRadial,      ///< near the diagonal, and thinner bands further away
  kMixedHeads,  ///< heads of very different density: dense, .9, .05, ...
  kSingle,      ///< one pair in every row, at either end in turn
  kEmptyRows,   ///< uniform, but every other row empty
  kEmpty,       ///< no pair at all
};

enum class ValueType { kFloat32, kBfloat16, kFloat16 };

struct AttentionCase {
  std::string name;
  MaskFamily family = MaskFamily::kUniform;
  double density = 0.4;
  std::int64_t batch = 1, heads = 2, head_dim = 64;
  BlockGeometry geometry = {256, 256, 64, 64};
  ValueType type = ValueType::kFloat32;
  bool head_major = false;  ///< [batch, heads, tokens, head_dim] in memory instead of [batch, tokens, heads, head_dim]
  float scale = 0;
  double tolerance = 4e-6;      ///< absolute and relative, float32; scores of several hundred cost digits
  std::int64_t padding = 3;     ///< elements after each head's values that nobody may touch
  bool mask_per_batch = false;  ///< every batch entry has masks of its own
  bool large = false;           ///< a real model's size: on a GPU alone, against sampled rows
};
void PrintTo(const AttentionCase& attention, std::ostream* out);

[[nodiscard]] std::vector<AttentionCase> attention_cases();
/// Whether the CPU kernel and the CUDA kernels say that they support a case.
[[nodiscard]] bool runs_on_cpu(const AttentionCase& attention);
[[nodiscard]] bool runs_on_cuda(const AttentionCase& attention);
/// The bits of one head, [rows][words]; empty for a dense head.
[[nodiscard]] std::vector<std::uint32_t> draw_mask(const AttentionCase& attention, std::int64_t head);

/// All maps one behind the other as the CUDA kernels take them, [batch or 1][heads][rows][words]: dense maps as ones,
/// and every bit past the last column set, for the kernels to ignore.
[[nodiscard]] std::vector<std::uint32_t> packed_bits(const AttentionCase& attention);
/// Element number `index` of a tensor's bytes.
[[nodiscard]] double value_of(ValueType type, const std::vector<unsigned char>& bytes, std::int64_t index);

/// A tensor [batch, tokens, heads, head_dim] in either order, rows padded by elements that nobody may touch.
class Tensor {
 public:
  Tensor(const AttentionCase& attention, std::int64_t tokens);
  void fill_normal(std::uint64_t seed);
  /// Sets every byte, padding included, to a pattern that is NaN in all types.
  void poison();
  [[nodiscard]] bool padding_is_poison() const;
  [[nodiscard]] double at(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d) const;
  void set(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d, float value);
  [[nodiscard]] void* data() { return bytes_.data(); }
  [[nodiscard]] const std::vector<unsigned char>& bytes() const { return bytes_; }
  [[nodiscard]] std::vector<unsigned char>& bytes() { return bytes_; }
  std::int64_t stride_batch, stride_token, stride_head;

 private:
  std::int64_t batch_, tokens_, heads_, dim_, padding_;
  ValueType type_;
  std::vector<unsigned char> bytes_;
};

/// Everything of one run.
struct AttentionData {
  explicit AttentionData(const AttentionCase& attention);
  Tensor q, k, v, o;
  std::vector<float> lse;
  std::vector<std::vector<std::uint32_t>> bits;  ///< [batch or 1][heads]; empty = dense
  std::vector<const std::uint32_t*> head_bits;
  [[nodiscard]] kernels::BlockSparseAttentionParams params(const AttentionCase& attention);
};

/// o as [batch, tokens, heads, head_dim] and lse as [batch, heads, tokens], straight from the definition.
struct ReferenceOutput {
  std::vector<double> o, lse;
};
[[nodiscard]] ReferenceOutput reference_attention(const AttentionCase& attention, const AttentionData& data);

}  // namespace wean::test
