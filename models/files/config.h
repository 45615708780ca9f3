// What a checkpoint's config files say, in plain structs with the names that diffusers and transformers use. Defaults
// are those of the published Wan2.1 models; every layout (diffusers, original, single file) is brought into this form.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace wean::models {

/// WanTransformer3DModel, text-to-video. Model dimension = heads * head_dim. QK norm is RMS over all heads.
struct TransformerConfig {
  std::array<std::int64_t, 3> patch{1, 2, 2};  ///< (t, h, w), in latent pixels
  std::int64_t heads = 40;
  std::int64_t head_dim = 128;
  std::int64_t layers = 40;
  std::int64_t in_channels = 16;
  std::int64_t out_channels = 16;
  std::int64_t text_dim = 4096;
  std::int64_t freq_dim = 256;  ///< width of the sinusoidal time embedding
  std::int64_t ffn_dim = 13824;
  std::int64_t text_len = 512;  ///< rows of a prompt embedding (not in diffusers' config: 512 there)
  std::int64_t rope_max_seq_len = 1024;
  bool cross_attn_norm = true;
  double eps = 1e-6;
  bool operator==(const TransformerConfig&) const = default;
};

/// AutoencoderKLWan of Wan2.1 (no residual blocks, no patching).
struct VaeConfig {
  std::int64_t base_dim = 96;
  std::int64_t z_dim = 16;
  std::vector<std::int64_t> dim_mult{1, 2, 4, 4};
  std::int64_t num_res_blocks = 2;
  std::vector<bool> temporal_downsample{false, true, true};
  std::vector<double> latents_mean;  ///< z_dim values
  std::vector<double> latents_std;   ///< z_dim values, above 0
  std::int64_t stride_time = 4;      ///< pixel frames per latent frame (the first latent frame stands for one)
  std::int64_t stride_space = 8;     ///< pixels per latent pixel
  bool operator==(const VaeConfig&) const = default;
};

/// The flow sampler's settings.
struct SchedulerConfig {
  std::string class_name = "UniPCMultistepScheduler";  ///< or "FlowMatchEulerDiscreteScheduler"
  double flow_shift = 5.0;
  std::int64_t solver_order = 2;
  bool operator==(const SchedulerConfig&) const = default;
};

/// UMT5 encoder. Attention width = heads * d_kv, which may differ from d_model. Gated GELU(tanh) feed-forward.
struct TextEncoderConfig {
  std::int64_t vocab_size = 256384;
  std::int64_t d_model = 4096;
  std::int64_t d_kv = 64;
  std::int64_t d_ff = 10240;
  std::int64_t layers = 24;
  std::int64_t heads = 64;
  std::int64_t num_buckets = 32;
  std::int64_t max_distance = 128;
  double eps = 1e-6;
  bool operator==(const TextEncoderConfig&) const = default;
};

}  // namespace wean::models
