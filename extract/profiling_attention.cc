#include "extract/profiling_attention.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "extract/residual_metric.h"
#include "extract/row_sample.h"

namespace wean::extract {
namespace {

at::Tensor heads_first(const at::Tensor& x) { return x.transpose(0, 1).to(at::kFloat).contiguous(); }

}  // namespace

ProfilingAttention::ProfilingAttention(ProfilingSettings settings, ShardWriter& shard)
    : settings_(std::move(settings)), shard_(shard) {}

CallStatistics gather_statistics(const ProfilingSettings& settings, const models::AttentionCall& call,
                                 const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const StatisticsInput input{heads_first(q), heads_first(k), heads_first(v),
                              residual_metric_factor(*call.output_weight, *call.gate, q.size(1)),
                              square_blocks(q.size(0), settings.block)};
  CallStatistics out{block_statistics(input, settings.budget_bytes),
                     sample_rows(q.size(0), settings.sampled_rows, settings.seed, call.step),
                     {}};
  out.row_mass = row_masses(input, out.tokens);
  return out;
}

at::Tensor ProfilingAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                      const at::Tensor& v) {
  if (std::find(settings_.branches.begin(), settings_.branches.end(), call.branch) != settings_.branches.end()) {
    const auto phase = static_cast<std::uint32_t>(phase_of(settings_.phases, call.sigma));
    if (phase != phase_) accumulator_.flush(shard_);
    phase_ = phase;
    const CallStatistics statistics = gather_statistics(settings_, call, q, k, v);
    accumulator_.add({phase, call.branch, call.expert, call.layer}, statistics.blocks,
                     {call.step, statistics.tokens, statistics.row_mass});
  }
  return dense_.attend(call, q, k, v);
}

void ProfilingAttention::finish() { accumulator_.flush(shard_); }

}  // namespace wean::extract
