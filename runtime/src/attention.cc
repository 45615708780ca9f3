#include "runtime/src/attention.h"

#include <vector>

#include "kernels/ref/block_sparse_attention.h"
#include "runtime/src/guard.h"
#include "runtime/src/handle.h"

namespace wean::runtime {
namespace {

constexpr std::size_t kFirstSize = 176;  ///< of wean_attention_params in version 1.0
static_assert(sizeof(wean_attention_params) == kFirstSize);

wean_attention_params default_params() {
  wean_attention_params params = {};
  params.struct_size = sizeof params;
  params.batch = 1;
  return params;
}

kernels::ElementType element_type(const wean_attention_params& params) {
  std::uint32_t dtype;
  std::memcpy(&dtype, &params.dtype, sizeof dtype);  // the caller may have put any number into the enumeration
  require(dtype <= 1, ErrorCode::kUsage, "wean_attention_params.dtype ", dtype,
          "; allowed are 0 (float32) and 1 (bfloat16)");
  return static_cast<kernels::ElementType>(dtype);
}

kernels::BlockSparseAttentionParams kernel_params(const MaskMeta& meta, const wean_attention_params& from) {
  kernels::BlockSparseAttentionParams to;
  to.type = element_type(from);
  to.q = from.q;
  to.k = from.k;
  to.v = from.v;
  to.o = from.o;
  to.log_sum_exp = from.log_sum_exp;
  to.batch = from.batch;
  to.heads = meta.model.heads;
  to.head_dim = meta.model.head_dim;
  to.q_tokens = meta.geometry.q_tokens;
  to.k_tokens = meta.geometry.k_tokens;
  to.q_block = meta.geometry.q_block;
  to.k_block = meta.geometry.k_block;
  to.q_stride_batch = from.q_stride_batch, to.q_stride_token = from.q_stride_token;
  to.k_stride_batch = from.k_stride_batch, to.k_stride_token = from.k_stride_token;
  to.v_stride_batch = from.v_stride_batch, to.v_stride_token = from.v_stride_token;
  to.o_stride_batch = from.o_stride_batch, to.o_stride_token = from.o_stride_token;
  to.q_stride_head = from.q_stride_head, to.k_stride_head = from.k_stride_head;
  to.v_stride_head = from.v_stride_head, to.o_stride_head = from.o_stride_head;
  to.scale = from.scale;
  return to;
}

void run_attention(const wean_masks& masks, const wean_site& site, const wean_attention_params& params) {
  check_sizes(masks.reader.meta(), params);
  const SectionKey key = section_of(masks, site);
  std::vector<const std::uint32_t*> head_bits(masks.reader.meta().model.heads);
  for (std::uint32_t head = 0; head < head_bits.size(); ++head) {
    const auto bits = masks.reader.bits(key, head);
    head_bits[head] = bits.empty() ? nullptr : bits.data();
  }
  kernels::BlockSparseAttentionParams call = kernel_params(masks.reader.meta(), params);
  call.head_bits = head_bits.data();
  kernels::block_sparse_attention(call);
}

}  // namespace

wean_attention_params attention_params(const wean_attention_params* params) {
  const wean_attention_params copy = read_params("wean_attention_params", params, kFirstSize, default_params());
  require(copy.reserved == 0, ErrorCode::kUsage, "wean_attention_params.reserved ", copy.reserved, "; allowed is 0");
  return copy;
}

void check_sizes(const MaskMeta& meta, const wean_attention_params& params) {
  const auto same = [](const char* field, std::uint64_t given, std::uint64_t needed) {
    require(given == needed, ErrorCode::kUsage, "wean_attention_params.", field, " ", given,
            "; the mask file was made for ", needed);
  };
  same("tokens", params.tokens, static_cast<std::uint64_t>(meta.geometry.q_tokens));
  same("heads", params.heads, meta.model.heads);
  same("head_dim", params.head_dim, meta.model.head_dim);
}

}  // namespace wean::runtime

void wean_attention_params_init(wean_attention_params* params) {
  if (params != nullptr) *params = wean::runtime::default_params();
}

wean_status wean_attention_cpu(const wean_masks* masks, const wean_site* site, const wean_attention_params* params) {
  using namespace wean::runtime;  // NOLINT
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(site, "site");
    run_attention(*masks, *site, attention_params(params));
  });
}
