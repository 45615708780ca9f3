#include <ATen/ATen.h>

#include <chrono>

#include "common/base/error.h"
#include "common/base/stop.h"
#include "extract/extract.h"
#include "extract/session.h"

namespace wean::extract {
namespace {

/// Thrown by the step callback of a measuring run when it has seen enough.
struct MeasuredEnough {};

/// Gathers statistics and throws them away: what one profiled pass costs.
class MeasuringAttention final : public models::SelfAttention {
 public:
  explicit MeasuringAttention(ProfilingSettings settings) : settings_(std::move(settings)) {}
  at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
    (void)gather_statistics(settings_, call, q, k, v);
    return dense_.attend(call, q, k, v);
  }

 private:
  ProfilingSettings settings_;
  models::DenseAttention dense_;
};

/// Seconds of one conditional pass, after one to warm up.
double seconds_of_pass(const Session& session, models::SelfAttention& attention) {
  using Clock = std::chrono::steady_clock;
  models::SampleRequest request = session.request(session.prompts.front());
  request.guidance = 1;
  Clock::time_point first{};
  double seconds = 0;
  const auto on_pass = [&](std::uint32_t step, Branch) {
    throw_if_stopped("nothing was written");
    if (step == 0) first = Clock::now();
    seconds = std::chrono::duration<double>(Clock::now() - first).count();
    if (step == 1) throw MeasuredEnough{};
  };
  try {
    request.steps = std::max<std::uint32_t>(request.steps, 2);
    (void)session.pipeline.sample(request, attention, on_pass);
  } catch (const MeasuredEnough&) {
    // The second pass has been timed.
  }
  return seconds;
}

}  // namespace

FileBytes file_bytes(const ProfileMeta& meta, std::uint32_t block) {
  const BlockGeometry g = square_blocks(meta.grid.tokens(), block);
  const std::uint64_t slabs = meta.branches.size() * meta.model.experts * meta.model.layers;
  const auto pairs = static_cast<std::uint64_t>(g.pairs()) * meta.model.heads * slabs * meta.phases.size();
  const auto wide = static_cast<std::uint64_t>(g.rows() * ceil_div(g.cols(), std::int64_t{2})) * meta.model.heads *
                    slabs * meta.phases.size();
  const std::uint64_t rows = std::uint64_t{meta.recipe.steps} * meta.sampled_rows * meta.model.heads *
                             static_cast<std::uint64_t>(g.cols()) * slabs;
  return {2 * (2 * pairs + wide) + 2 * rows, 4 * (5 * pairs + wide) + 4 * rows};
}

ExtractEstimate estimate(const ExtractOptions& options) {
  validate(options);
  const Session session = open_session(options);
  models::DenseAttention dense;
  MeasuringAttention measuring(session.profiling(session.prompts.front()));
  const double dense_pass = seconds_of_pass(session, dense);
  const double profiled_pass = seconds_of_pass(session, measuring);
  const double runs = static_cast<double>(session.prompts.size()) / options.shard_count * options.steps;
  const double profiled = static_cast<double>(session.meta.branches.size());
  const double dense_only = static_cast<double>(session.passes() / options.steps) - profiled;
  const FileBytes bytes = file_bytes(session.meta, session.meta.block);
  const auto phases = static_cast<std::uint64_t>(session.meta.phases.size());
  // Float64 sums of one phase, beside which one shard's arrays of the phase exist once more while they are written.
  const std::uint64_t sums = bytes.shard / phases * 4;
  return {session.meta.block,
          runs * (profiled * profiled_pass + dense_only * dense_pass),
          runs * (profiled + dense_only) * dense_pass,
          bytes.shard,
          bytes.profile,
          sums + options.chunk_bytes,
          session.pipeline.path()};
}

}  // namespace wean::extract
