#include "kernels/ref/block_sparse_attention.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "common/base/checked.h"
#include "common/base/error.h"
#include "kernels/ref/tile.h"

namespace wean::kernels {
namespace {

using Params = BlockSparseAttentionParams;
constexpr double kLog2E = 1.44269504088896340736;
constexpr std::int64_t kMaxTokens = std::numeric_limits<std::int32_t>::max();

void check_range(const char* field, std::int64_t value, std::int64_t low, std::int64_t high) {
  require(value >= low && value <= high, ErrorCode::kUsage, "block_sparse_attention: ", field, " ", value,
          "; allowed are ", low, " to ", high);
}

void check_pointer(const char* field, const void* pointer, bool needed) {
  require(pointer != nullptr || !needed, ErrorCode::kUsage, "block_sparse_attention: ", field,
          " is null; a pointer is required");
}

void check_stride(const char* field, std::int64_t batch, std::int64_t token, std::int64_t head) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 44;
  const bool ok = std::min({batch, token, head}) >= 0 && std::max({batch, token, head}) <= kLimit;
  require(ok, ErrorCode::kUsage, "block_sparse_attention: strides of ", field, " ", batch, ", ", token, ", ", head,
          "; allowed are 0 to ", kLimit);
}

void check(const Params& p) {
  check_range("type", static_cast<int>(p.type), 0, 1);
  check_range("batch", p.batch, 0, 65536);
  check_range("heads", p.heads, 1, 65536);
  check_range("q_tokens", p.q_tokens, 0, kMaxTokens);
  check_range("k_tokens", p.k_tokens, 0, kMaxTokens);
  check_range("head_dim", p.head_dim, 1, kMaxHeadDim);
  check_range("q_block", p.q_block, 1, kMaxTokens);
  check_range("k_block", p.k_block, 1, kMaxTokens);
  const bool any_q = p.batch > 0 && p.q_tokens > 0;
  check_pointer("q", p.q, any_q);
  check_pointer("o", p.o, any_q);
  check_pointer("k", p.k, any_q && p.k_tokens > 0);
  check_pointer("v", p.v, any_q && p.k_tokens > 0);
  check_pointer("head_bits", static_cast<const void*>(p.head_bits), any_q);
  check_stride("q", p.q_stride_batch, p.q_stride_token, p.q_stride_head);
  check_stride("k", p.k_stride_batch, p.k_stride_token, p.k_stride_head);
  check_stride("v", p.v_stride_batch, p.v_stride_token, p.v_stride_head);
  check_stride("o", p.o_stride_batch, p.o_stride_token, p.o_stride_head);
  require(std::isfinite(p.scale), ErrorCode::kUsage, "block_sparse_attention: scale ", p.scale,
          "; allowed are finite numbers, 0 for 1/sqrt(head_dim)");
}

const void* offset(const void* base, ElementType type, std::int64_t elements) {
  return static_cast<const char*>(base) + elements * (type == ElementType::kFloat32 ? 4 : 2);
}
void* offset(void* base, ElementType type, std::int64_t elements) {
  return static_cast<char*>(base) + elements * (type == ElementType::kFloat32 ? 4 : 2);
}

/// Appends [begin, end) to the list, joined to the last range where they touch, cut at kTileKeys.
void append(KeyRange* ranges, std::int64_t& count, std::int64_t begin, std::int64_t end) {
  if (count > 0 && ranges[count - 1].begin + ranges[count - 1].count == begin) {
    KeyRange& last = ranges[count - 1];
    const std::int64_t grow = std::min(kTileKeys - last.count, end - begin);
    last.count += grow;
    begin += grow;
  }
  for (; begin < end; begin += kTileKeys) ranges[count++] = {begin, std::min(kTileKeys, end - begin)};
}

/// Kept keys of one query block as ranges; their number.
std::int64_t find_ranges(const Params& p, const std::uint32_t* row, KeyRange* ranges) {
  std::int64_t count = 0;
  if (row == nullptr) {
    append(ranges, count, 0, p.k_tokens);
    return count;
  }
  const std::int64_t cols = ceil_div(p.k_tokens, p.k_block);
  for (std::int64_t v = 0; v < cols; ++v) {
    if (row[v / 32] == 0) v |= 31;  // nothing in this word
    if (v >= cols || ((row[v / 32] >> (v % 32)) & 1U) == 0) continue;
    append(ranges, count, v * p.k_block, std::min(p.k_tokens, (v + 1) * p.k_block));
  }
  return count;
}

/// One unit of parallel work: a query block of a head.
struct Unit {
  std::int64_t batch, head, u;
};

/// What one thread works with; made before the parallel region so that nothing can throw inside.
class Workspace {
 public:
  Workspace(int threads, std::int64_t ranges)
      : ranges_per_thread_(static_cast<std::size_t>(ranges)),
        ranges_(static_cast<std::size_t>(threads) * ranges_per_thread_),
        scratch_(static_cast<std::size_t>(threads) * kScratchFloats + kPad) {}
  KeyRange* ranges(int thread) { return ranges_.data() + static_cast<std::size_t>(thread) * ranges_per_thread_; }
  float* scratch(int thread) {
    const auto address = reinterpret_cast<std::uintptr_t>(scratch_.data());
    const std::size_t skip = (64 - address % 64) % 64 / sizeof(float);
    return scratch_.data() + skip + static_cast<std::size_t>(thread) * kScratchFloats;
  }

 private:
  static constexpr std::size_t kPad = 16;
  std::size_t ranges_per_thread_;
  std::vector<KeyRange> ranges_;
  std::vector<float> scratch_;
};

void run_unit(const Params& p, const Unit& unit, const TileKernel& kernel, KeyRange* ranges, float* scratch) {
  const std::int64_t words = ceil_div(ceil_div(p.k_tokens, p.k_block), std::int64_t{32});
  const std::uint32_t* bits = p.head_bits[unit.head];
  AttentionTile tile;
  tile.range_count = find_ranges(p, bits == nullptr ? nullptr : bits + unit.u * words, ranges);
  tile.ranges = ranges;
  tile.scratch = scratch;
  tile.type = p.type;
  tile.head_dim = p.head_dim;
  tile.q_stride = p.q_stride_token;
  tile.k_stride = p.k_stride_token;
  tile.v_stride = p.v_stride_token;
  tile.o_stride = p.o_stride_token;
  const double scale = p.scale == 0 ? 1 / std::sqrt(static_cast<double>(p.head_dim)) : static_cast<double>(p.scale);
  tile.scale_log2 = static_cast<float>(scale * kLog2E);
  tile.k = offset(p.k, p.type, unit.batch * p.k_stride_batch + unit.head * p.k_stride_head);
  tile.v = offset(p.v, p.type, unit.batch * p.v_stride_batch + unit.head * p.v_stride_head);
  const std::int64_t end = std::min(p.q_tokens, (unit.u + 1) * p.q_block);
  for (std::int64_t row = unit.u * p.q_block; row < end; row += kTileRows) {
    tile.rows = std::min(kTileRows, end - row);
    tile.q = offset(p.q, p.type, unit.batch * p.q_stride_batch + row * p.q_stride_token + unit.head * p.q_stride_head);
    tile.o = offset(p.o, p.type, unit.batch * p.o_stride_batch + row * p.o_stride_token + unit.head * p.o_stride_head);
    const std::int64_t first = (unit.batch * p.heads + unit.head) * p.q_tokens + row;
    tile.lse = p.log_sum_exp == nullptr ? nullptr : p.log_sum_exp + first;
    kernel.run(tile);
  }
}

}  // namespace

void block_sparse_attention_with(const Params& params, const TileKernel& kernel) {
  check(params);
  const std::int64_t rows = ceil_div(params.q_tokens, params.q_block);
  const std::int64_t units = params.batch * params.heads * rows;
  const int threads = std::max(1, omp_get_max_threads());
  const std::int64_t most_ranges = ceil_div(params.k_tokens, params.k_block) + ceil_div(params.k_tokens, kTileKeys) + 1;
  Workspace workspace(threads, most_ranges);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::int64_t i = 0; i < units; ++i) {
    const Unit unit = {i / rows / params.heads, i / rows % params.heads, i % rows};
    const int thread = omp_get_thread_num();
    run_unit(params, unit, kernel, workspace.ranges(thread), workspace.scratch(thread));
  }
}

void block_sparse_attention(const Params& params) {
  const auto kernels = tile_kernels();
  const auto best = std::find_if(kernels.begin(), kernels.end(), [](const TileKernel& k) { return k.supported(); });
  block_sparse_attention_with(params, *best);
}

}  // namespace wean::kernels
