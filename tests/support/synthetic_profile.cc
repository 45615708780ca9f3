#include "tests/support/synthetic_profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "schemas/profile/code16.h"

namespace wean::testing {
namespace {

constexpr std::size_t kValueDims = 2;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// In [0, 1), a function of its keys alone.
double noise(std::initializer_list<std::uint64_t> keys) {
  std::uint64_t state = 0;
  for (const std::uint64_t key : keys) state = mix(state ^ mix(key));
  return static_cast<double>(state >> 11) / 9007199254740992.0;
}

std::array<double, 3> position(const Grid& grid, std::int64_t token) {
  return {static_cast<double>(token / (grid.height * grid.width)),
          static_cast<double>(token / grid.width % grid.height), static_cast<double>(token % grid.width)};
}

/// Attention of one head in one step: probability of each key block for a query token.
class SyntheticHead {
 public:
  SyntheticHead(const ProfileMeta& meta, std::size_t prompt, const SlabKey& key, std::uint32_t head)
      : meta_(meta),
        geometry_(meta.geometry()),
        kind_((key.layer + head) % 4),
        site_(noise({meta.recipe.seed, key.expert, key.layer, head})),
        branch_(static_cast<std::uint64_t>(key.branch)) {
    for (std::int64_t v = 0; v < geometry_.cols(); ++v) {
      const auto block = static_cast<std::uint64_t>(v);
      const std::uint64_t id = meta.prompts[prompt][0] * 256U + meta.prompts[prompt][1];
      bias_.push_back(0.5 * noise({id, branch_, key.layer, head, block}));
      for (std::size_t d = 0; d < kValueDims; ++d) values_.push_back(noise({id, key.layer, head, block, d}) - 0.5);
    }
  }

  [[nodiscard]] std::vector<double> row(std::int64_t token, double sigma) const {
    std::vector<double> weights;
    for (std::int64_t v = 0; v < geometry_.cols(); ++v) {
      const double logit = (1.5 - sigma) * closeness(token, v) + bias_[static_cast<std::size_t>(v)];
      weights.push_back(static_cast<double>(geometry_.col_size(v)) * std::exp(logit));
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= sum;
    return weights;
  }

  /// Squared change of the renormalised output when the key blocks [begin, end) are dropped.
  [[nodiscard]] double removal_error(const std::vector<double>& row, std::size_t begin, std::size_t end) const {
    double rest = 0;
    for (std::size_t v = 0; v < row.size(); ++v) rest += v >= begin && v < end ? 0 : row[v];
    double change = 0;
    for (std::size_t d = 0; d < kValueDims; ++d) {
      double output = 0, dropped = 0;
      for (std::size_t v = 0; v < row.size(); ++v) output += row[v] * values_[v * kValueDims + d];
      for (std::size_t v = begin; v < end; ++v) dropped += row[v] * (values_[v * kValueDims + d] - output);
      change += dropped * dropped;
    }
    return rest > 0 ? change / (rest * rest) : HUGE_VAL;
  }

 private:
  [[nodiscard]] double closeness(std::int64_t token, std::int64_t v) const {
    const auto p = position(meta_.grid, token);
    const auto q = position(meta_.grid, v * geometry_.k_block + geometry_.col_size(v) / 2);
    const double time = std::abs(p[0] - q[0]);
    const double space = std::abs(p[1] - q[1]) + std::abs(p[2] - q[2]);
    switch (kind_) {
      case 0:
        return -(2 + site_) * (time + 0.5 * space);  // local
      case 1:
        return -(1 + site_) * space - 0.1 * time;  // temporal band
      case 2:
        return -0.1 * site_ * (time + space);  // diffuse
      default:
        return (q[0] == 0 ? 2 + site_ : 0) - space;  // sink on the first frame
    }
  }

  const ProfileMeta& meta_;
  BlockGeometry geometry_;
  std::uint32_t kind_;
  double site_;
  std::uint64_t branch_;
  std::vector<double> bias_, values_;
};

/// Running sums of one slab in double, per head map.
struct Sums {
  std::vector<double> mass, error, wide;
  Sums(std::size_t pairs, std::size_t wide_pairs) : mass(pairs), error(pairs), wide(wide_pairs) {}
};

void add_row(const SyntheticHead& head, const std::vector<double>& row, double weight, std::size_t u, Sums& sums) {
  const std::size_t cols = row.size();
  const std::size_t wide = (cols + 1) / 2;
  for (std::size_t v = 0; v < cols; ++v) {
    sums.mass[u * cols + v] += weight * row[v];
    sums.error[u * cols + v] += weight * head.removal_error(row, v, v + 1);
  }
  for (std::size_t v = 0; v < wide; ++v) {
    sums.wide[u * wide + v] += weight * head.removal_error(row, 2 * v, std::min(2 * v + 2, cols));
  }
}

std::uint32_t first_step_of(const ProfileMeta& meta, std::uint32_t phase) {
  std::uint32_t step = 0;
  for (std::uint32_t i = 0; i < phase; ++i) step += meta.phases[i].steps;
  return step;
}

void append(std::vector<float>& to, const std::vector<double>& from) {
  for (const double value : from) to.push_back(static_cast<float>(std::min(value, double{kUndroppable})));
}

/// The token of sampled row `i`: one in each of `sampled_rows` equal strata, moving from step to step.
std::uint32_t sampled_token(const ProfileMeta& meta, const SlabKey& key, std::uint32_t step, std::uint32_t i) {
  const double place = i + noise({meta.recipe.seed, key.layer, step, i});
  return static_cast<std::uint32_t>(place * static_cast<double>(meta.grid.tokens()) / meta.sampled_rows);
}

RowSample sample_rows(const ProfileMeta& meta, std::size_t prompt, const SlabKey& key) {
  RowSample sample;
  sample.steps = meta.phases[key.phase].steps;
  sample.rows = meta.sampled_rows;
  for (std::uint32_t s = 0; s < sample.steps; ++s) {
    const std::uint32_t step = first_step_of(meta, key.phase) + s;
    sample.step.push_back(step);
    for (std::uint32_t i = 0; i < sample.rows; ++i) sample.token.push_back(sampled_token(meta, key, step, i));
    for (std::uint32_t head = 0; head < meta.model.heads; ++head) {
      const SyntheticHead attention(meta, prompt, key, head);
      for (std::uint32_t i = 0; i < sample.rows; ++i) {
        append(sample.mass, attention.row(sampled_token(meta, key, step, i), meta.sigmas[step]));
      }
    }
  }
  return sample;
}

Sums head_sums(const ProfileMeta& meta, std::size_t prompt, const SlabKey& key, std::uint32_t head) {
  const BlockGeometry geometry = meta.geometry();
  const auto cols = static_cast<std::size_t>(geometry.cols());
  const auto rows = static_cast<std::size_t>(geometry.rows());
  Sums sums(rows * cols, rows * ((cols + 1) / 2));
  const SyntheticHead attention(meta, prompt, key, head);
  const std::uint32_t steps = meta.phases[key.phase].steps;
  for (std::uint32_t s = 0; s < steps; ++s) {
    const double sigma = meta.sigmas[first_step_of(meta, key.phase) + s];
    for (std::int64_t p = 0; p < meta.grid.tokens(); ++p) {
      add_row(attention, attention.row(p, sigma), 1.0 / steps, static_cast<std::size_t>(p / meta.block), sums);
    }
  }
  return sums;
}

/// rank / n of each of the `n` values, largest first, ties by the larger `mean`, then by the smaller index.
void lower_thresholds(std::span<const double> values, std::span<const double> mean, std::span<float> threshold) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (values[a] != values[b]) return values[a] > values[b];
    return mean[a] != mean[b] ? mean[a] > mean[b] : a < b;
  });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double share = static_cast<double>(rank + 1) / static_cast<double>(order.size());
    threshold[order[rank]] = std::min(threshold[order[rank]], static_cast<float>(share));
  }
}

/// Mass over the rows of the query block: what thresholds rank by.
template <typename T>
std::vector<double> row_means(const BlockGeometry& geometry, const std::vector<T>& mass) {
  std::vector<double> means;
  for (std::size_t i = 0; i < mass.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i) / geometry.cols() % geometry.rows();
    means.push_back(static_cast<double>(mass[i]) / static_cast<double>(geometry.row_size(row)));
  }
  return means;
}

/// `group` pairs are ranked together: a row or a map.
std::vector<float> thresholds(const BlockGeometry& geometry, std::span<const ShardSlab> shards,
                              const std::vector<double>& mass, std::size_t group) {
  const std::vector<double> mean = row_means(geometry, mass);
  std::vector<float> threshold(mean.size(), 1.0F);
  for (const ShardSlab& shard : shards) {
    const std::vector<double> values = row_means(geometry, shard.mass);
    for (std::size_t begin = 0; begin < mean.size(); begin += group) {
      lower_thresholds(std::span(values).subspan(begin, group), std::span(mean).subspan(begin, group),
                       std::span(threshold).subspan(begin, group));
    }
  }
  return threshold;
}

template <typename Member>
std::vector<double> sum_over(std::span<const ShardSlab> shards, Member member, bool square) {
  std::vector<double> sum((shards[0].*member).size());
  for (const ShardSlab& shard : shards) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double value = (shard.*member)[i];
      sum[i] += square ? value * value : value;
    }
  }
  return sum;
}

}  // namespace

ProfileMeta synthetic_meta(const SyntheticOptions& options) {
  ProfileMeta meta;
  meta.tool_version = "synthetic";
  meta.model = {"synthetic", options.experts,   options.layers,   options.heads,
                64,          sha256("weights"), sha256("config"), sha256("quick")};
  meta.grid = options.grid;
  meta.block = options.block;
  meta.recipe = {options.grid.width * 16,
                 options.grid.height * 16,
                 (options.grid.frames - 1) * 4 + 1,
                 "unipc",
                 options.steps,
                 3.0,
                 5.0,
                 "float32",
                 options.seed};
  for (std::uint32_t i = 0; i < options.steps; ++i) {
    const double time = 1.0 - static_cast<double>(i) / options.steps;
    meta.sigmas.push_back(3.0 * time / (1.0 + 2.0 * time));
  }
  meta.phases = make_phases(meta.sigmas, options.phases);
  meta.branches = options.branches;
  meta.sampled_rows = options.sampled_rows;
  for (std::uint32_t i = 0; i < options.prompts; ++i) meta.prompts.push_back(sha256("prompt " + std::to_string(i)));
  std::sort(meta.prompts.begin(), meta.prompts.end());
  return meta;
}

ProfileMeta shard_meta(const ProfileMeta& meta, std::size_t prompt) {
  ProfileMeta shard = meta;
  shard.prompts = {meta.prompts[prompt]};
  return shard;
}

ShardSlab synthetic_shard_slab(const ProfileMeta& meta, std::size_t prompt, const SlabKey& key) {
  ShardSlab slab;
  for (std::uint32_t head = 0; head < meta.model.heads; ++head) {
    const Sums sums = head_sums(meta, prompt, key, head);
    append(slab.mass, sums.mass);
    append(slab.removal_error, sums.error);
    append(slab.removal_error_wide, sums.wide);
  }
  slab.rows = sample_rows(meta, prompt, key);
  return slab;
}

ProfileSlab reduce_shards(const ProfileMeta& meta, std::span<const ShardSlab> shards) {
  const BlockGeometry geometry = meta.geometry();
  const std::vector<double> mass = sum_over(shards, &ShardSlab::mass, false);
  ProfileSlab slab;
  append(slab.mass, mass);
  append(slab.mass_square, sum_over(shards, &ShardSlab::mass, true));
  append(slab.removal_error, sum_over(shards, &ShardSlab::removal_error, false));
  append(slab.removal_error_wide, sum_over(shards, &ShardSlab::removal_error_wide, false));
  slab.threshold_row = thresholds(geometry, shards, mass, static_cast<std::size_t>(geometry.cols()));
  slab.threshold_map = thresholds(geometry, shards, mass, static_cast<std::size_t>(geometry.pairs()));
  slab.rows = shards[0].rows;
  return slab;
}

ProfileSlab synthetic_slab(const ProfileMeta& meta, const SlabKey& key) {
  std::vector<ShardSlab> shards;
  for (std::size_t i = 0; i < meta.prompts.size(); ++i) shards.push_back(synthetic_shard_slab(meta, i, key));
  return reduce_shards(meta, shards);
}

ProfileMeta write_synthetic_profile(const std::filesystem::path& path, const SyntheticOptions& options) {
  const ProfileMeta meta = synthetic_meta(options);
  ProfileWriter writer(path, meta, true);
  for (const SlabKey& key : all_keys(meta)) writer.write(key, synthetic_slab(meta, key));
  writer.finish();
  return meta;
}

void write_synthetic_shard(const std::filesystem::path& path, const ProfileMeta& meta, std::size_t prompt) {
  ShardWriter writer(path, shard_meta(meta, prompt), true);
  for (const SlabKey& key : all_keys(meta)) writer.write(key, synthetic_shard_slab(meta, prompt, key));
  writer.finish();
}

}  // namespace wean::testing
