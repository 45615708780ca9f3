#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "common/base/error.h"
#include "models/files/config_reader.h"

namespace wean::models {
namespace {

constexpr IntRange kSize{1, std::int64_t{1} << 20};
constexpr IntRange kCount{1, 1024};

struct NamedSize {
  const char* name;
  std::int64_t value;
  IntRange range;
};

void check_sizes(std::initializer_list<NamedSize> sizes, const std::string& where) {
  for (const NamedSize& size : sizes) {
    require(size.value >= size.range.low && size.value <= size.range.high, ErrorCode::kMalformed, where, ": ",
            size.name, " ", size.value, "; ", size.range.low, " to ", size.range.high, " is allowed");
  }
}

}  // namespace

VaeConfig published_vae() {
  VaeConfig config;
  config.latents_mean = {-0.7571, -0.7089, -0.9113, 0.1075,  -0.1745, 0.9653,  -0.1517, 1.5508,
                         0.4134,  -0.0715, 0.5517,  -0.3632, -0.1922, -0.9497, 0.2503,  -0.2921};
  config.latents_std = {2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
                        3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160};
  return config;
}

void set_strides(VaeConfig& config) {
  const std::size_t levels = std::min<std::size_t>(config.temporal_downsample.size(), 16);  // check_config allows 7
  const auto end = config.temporal_downsample.begin() + static_cast<std::ptrdiff_t>(levels);
  config.stride_time = std::int64_t{1} << std::count(config.temporal_downsample.begin(), end, true);
  config.stride_space = std::int64_t{1} << levels;
}

void check_config(const TransformerConfig& config, const std::string& where) {
  check_sizes({{"patch t", config.patch[0], {1, 16}},
               {"patch h", config.patch[1], {1, 16}},
               {"patch w", config.patch[2], {1, 16}},
               {"heads", config.heads, kCount},
               {"head_dim", config.head_dim, kCount},
               {"layers", config.layers, kCount},
               {"in_channels", config.in_channels, {1, 4096}},
               {"out_channels", config.out_channels, {1, 4096}},
               {"text_dim", config.text_dim, kSize},
               {"freq_dim", config.freq_dim, {2, 1 << 16}},
               {"ffn_dim", config.ffn_dim, kSize},
               {"text_len", config.text_len, {1, 1 << 16}}},
              where);
  require(config.head_dim % 2 == 0 && config.head_dim >= 6, ErrorCode::kMalformed, where, ": head_dim ",
          config.head_dim, "; an even number of at least 6 is allowed");
  require(config.freq_dim % 2 == 0, ErrorCode::kMalformed, where, ": freq_dim ", config.freq_dim,
          "; an even number is allowed");
}

void check_config(const VaeConfig& config, const std::string& where) {
  check_sizes({{"base_dim", config.base_dim, {1, 4096}},
               {"z_dim", config.z_dim, {1, 256}},
               {"num_res_blocks", config.num_res_blocks, {1, 16}},
               {"levels of dim_mult", static_cast<std::int64_t>(config.dim_mult.size()), {1, 8}}},
              where);
  for (const std::int64_t mult : config.dim_mult) check_sizes({{"dim_mult", mult, {1, 64}}}, where);
  require(config.temporal_downsample.size() + 1 == config.dim_mult.size(), ErrorCode::kMalformed, where,
          ": temperal_downsample has ", config.temporal_downsample.size(), " entries; one less than dim_mult (",
          config.dim_mult.size(), ") is allowed");
  VaeConfig strides = config;
  set_strides(strides);
  require(strides.stride_time == config.stride_time && strides.stride_space == config.stride_space,
          ErrorCode::kMalformed, where, ": scale factors ", config.stride_time, " in time and ", config.stride_space,
          " in space do not follow from the levels, which give ", strides.stride_time, " and ", strides.stride_space);
  const auto z_dim = static_cast<std::size_t>(config.z_dim);
  require(config.latents_mean.size() == z_dim && config.latents_std.size() == z_dim, ErrorCode::kMalformed, where,
          ": latents_mean and latents_std have ", config.latents_mean.size(), " and ", config.latents_std.size(),
          " numbers; z_dim = ", z_dim, " are allowed");
  for (std::size_t i = 0; i < z_dim; ++i) {
    require(std::isfinite(config.latents_mean[i]), ErrorCode::kMalformed, where, ": latents_mean[", i, "] ",
            config.latents_mean[i], "; a finite number is allowed");
    require(std::isfinite(config.latents_std[i]) && config.latents_std[i] > 0, ErrorCode::kMalformed, where,
            ": latents_std[", i, "] ", config.latents_std[i], "; a finite number above 0 is allowed");
  }
}

void check_config(const TextEncoderConfig& config, const std::string& where) {
  check_sizes({{"vocab_size", config.vocab_size, {1, 1 << 24}},
               {"d_model", config.d_model, kSize},
               {"d_kv", config.d_kv, kCount},
               {"d_ff", config.d_ff, kSize},
               {"layers", config.layers, kCount},
               {"heads", config.heads, kCount},
               {"relative_attention_num_buckets", config.num_buckets, {4, 1 << 16}},
               {"relative_attention_max_distance", config.max_distance, kSize}},
              where);
  require(config.max_distance > config.num_buckets / 4, ErrorCode::kMalformed, where,
          ": relative_attention_max_distance ", config.max_distance, "; above a quarter of the ", config.num_buckets,
          " buckets is allowed");
}

}  // namespace wean::models
