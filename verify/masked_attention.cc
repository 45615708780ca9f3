#include "verify/masked_attention.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "common/base/error.h"

namespace wean::verify {
namespace {

double density_of(const std::vector<std::uint8_t>& kept, const BlockGeometry& g) {
  const auto pairs = static_cast<std::size_t>(g.pairs());
  double work = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto pair = static_cast<std::int64_t>(i % pairs);
    if (kept[i] != 0) work += static_cast<double>(g.work(pair / g.cols(), pair % g.cols()));
  }
  return work / (static_cast<double>(g.total_work()) * static_cast<double>(kept.size() / pairs));
}

wean_dtype dtype_of(const at::Tensor& q) { return q.scalar_type() == at::kBFloat16 ? WEAN_BFLOAT16 : WEAN_FLOAT32; }

/// [tokens, heads, dim] through libwean on the CPU.
at::Tensor attend_cpu(const wean_masks* masks, const wean_site& site, const at::Tensor& q, const at::Tensor& k,
                      const at::Tensor& v) {
  const at::Tensor out = at::empty(q.sizes(), q.options());
  wean_attention_params p;
  wean_attention_params_init(&p);
  p.dtype = dtype_of(q);
  p.tokens = static_cast<std::uint64_t>(q.size(0));
  p.heads = static_cast<std::uint32_t>(q.size(1));
  p.head_dim = static_cast<std::uint32_t>(q.size(2));
  p.q = q.const_data_ptr();
  p.k = k.const_data_ptr();
  p.v = v.const_data_ptr();
  p.o = out.data_ptr();
  p.batch = 1;
  p.q_stride_token = q.stride(0);
  p.q_stride_head = q.stride(1);
  p.k_stride_token = k.stride(0);
  p.k_stride_head = k.stride(1);
  p.v_stride_token = v.stride(0);
  p.v_stride_head = v.stride(1);
  p.o_stride_token = out.stride(0);
  p.o_stride_head = out.stride(1);
  check(wean_attention_cpu(masks, &site, &p));
  return out;
}

/// Block of each token, [tokens] int64.
at::Tensor block_of_tokens(std::int64_t tokens, std::int64_t block, c10::Device device) {
  return at::floor_divide(at::arange(tokens, at::TensorOptions(at::kLong).device(device)), block);
}

/// Query tokens whose expanded mask and its float copy take some 256 MB.
std::int64_t rows_at_once(std::int64_t k_tokens) {
  return std::max<std::int64_t>(1, (std::int64_t{256} << 20) / (5 * k_tokens));
}

at::Tensor contiguous_last(const at::Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); }

}  // namespace

at::Tensor attend_expanded(const at::Tensor& kept, const BlockGeometry& g, const at::Tensor& q, const at::Tensor& k,
                           const at::Tensor& v) {
  const at::Tensor q_blocks = block_of_tokens(g.q_tokens, g.q_block, q.device());
  const at::Tensor k_blocks = block_of_tokens(g.k_tokens, g.k_block, q.device());
  const auto batched = [](const at::Tensor& x) { return x.unsqueeze(0).unsqueeze(0); };
  at::Tensor out = at::empty_like(q);
  const std::int64_t step = rows_at_once(g.k_tokens);
  for (std::int64_t head = 0; head < q.size(1); ++head) {
    const at::Tensor keys = batched(k.select(1, head)), values = batched(v.select(1, head));
    for (std::int64_t row = 0; row < g.q_tokens; row += step) {
      const std::int64_t rows = std::min(step, g.q_tokens - row);
      const at::Tensor blocks = kept[head].index_select(0, q_blocks.narrow(0, row, rows));
      const at::Tensor mask = blocks.index_select(1, k_blocks);
      const at::Tensor queries = batched(q.select(1, head).narrow(0, row, rows));
      const at::Tensor part = at::scaled_dot_product_attention(queries, keys, values, batched(mask))[0][0];
      out.select(1, head)
          .narrow(0, row, rows)
          .copy_(at::where(blocks.any(1, true), part, at::zeros({}, part.options())));
    }
  }
  return out;
}

wean_site SiteMasks::site_of(const models::AttentionCall& call) const {
  return {file_->phase_of(call.sigma), static_cast<std::uint32_t>(call.branch), call.expert, call.layer};
}

const SiteMask& SiteMasks::of(const models::AttentionCall& call, c10::Device device) {
  const wean_site site = site_of(call);
  if (!masks_.empty() && std::get<0>(masks_.begin()->first) != site.phase) masks_.clear();
  const auto [entry, fresh] = masks_.try_emplace({site.phase, site.branch, site.expert, site.layer});
  if (fresh) {
    const BlockGeometry g = file_->geometry();
    std::vector<std::uint8_t> kept = file_->kept_pairs(site);
    const at::Tensor host = at::from_blob(kept.data(), {file_->facts().heads, g.rows(), g.cols()}, at::kByte);
    entry->second = {host.to(device, at::kBool, false, true), density_of(kept, g)};
  }
  return entry->second;
}

at::Tensor MaskedAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v) {
  const BlockGeometry g = masks_->file().geometry();
  require(q.size(0) == g.q_tokens && q.size(1) == masks_->file().facts().heads, ErrorCode::kUsage,
          masks_->file().path().string(), ": made for ", g.q_tokens, " tokens and ", masks_->file().facts().heads,
          " heads, called with ", q.size(0), " and ", q.size(1));
  const SiteMask& mask = masks_->of(call, q.device());
  density_sum_ += mask.density;
  ++calls_;
  if (!q.device().is_cpu()) return attend_expanded(mask.kept, g, q, k, v);
  return attend_cpu(masks_->file().handle(), masks_->site_of(call), contiguous_last(q), contiguous_last(k),
                    contiguous_last(v));
}

}  // namespace wean::verify
