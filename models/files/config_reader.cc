#include "models/files/config_reader.h"

#include "common/base/error.h"
#include "common/base/utf8.h"

namespace wean::models {
namespace {

constexpr IntRange kSize{1, std::int64_t{1} << 20};
constexpr IntRange kCount{1, 1024};

double read_eps(const Fields& fields, const char* key) {
  const double eps = fields.number(key, 1e-6);
  require(eps > 0 && eps < 1, ErrorCode::kMalformed, fields.where(), ": ", key, " ", eps, "; above 0 and below 1 is",
          " allowed");
  return eps;
}

void require_class(const Fields& fields, const std::string& expected) {
  const std::string name = fields.text("_class_name", expected);
  require(name == expected, ErrorCode::kUsage, fields.where(), ": _class_name '", printable(name),
          "' is not supported; allowed is ", expected, ": ", kSupported);
}

/// As Fields::only for a key whose absence means something else than `allowed`.
void must_be(const Fields& fields, const char* key, const Json& allowed, const char* why) {
  require(fields.has(key), ErrorCode::kUsage, fields.where(), ": ", key, " is missing; allowed is ", allowed.dump(),
          ": ", why);
  fields.only(key, allowed, why);
}

/// Every field that changes what diffusers' UniPC computes with flow sigmas. sigma_min, sigma_max, timestep_spacing,
/// steps_offset, time_shift_type and the betas' fields do not:
/// tests/models/scheduler/config_test.py asks diffusers about every one.
void read_unipc(const Fields& fields, SchedulerConfig& out) {
  constexpr const char* kWhy = "only the flow-matching UniPC sampler is supported";
  must_be(fields, "use_flow_sigmas", true, kWhy);
  must_be(fields, "prediction_type", "flow_prediction", kWhy);
  for (const char* key :
       {"thresholding", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_dynamic_shifting"}) {
    fields.only(key, false, kWhy);
  }
  fields.only("solver_type", "bh2", kWhy);
  fields.only("predict_x0", true, kWhy);
  fields.only("final_sigmas_type", "zero", kWhy);
  fields.only("disable_corrector", Json::array(), kWhy);
  fields.only("solver_p", nullptr, kWhy);
  fields.only("shift_terminal", 0, kWhy);
  fields.only("lower_order_final", true, "the last step to sigma 0 is not defined at order 2");
  out.solver_order = fields.integer("solver_order", {1, 2}, 2);
  out.flow_shift = fields.number("flow_shift", 1.0);
}

void read_euler(const Fields& fields, SchedulerConfig& out) {
  constexpr const char* kWhy = "only the plain flow-matching Euler sampler is supported";
  for (const char* key : {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_dynamic_shifting",
                          "invert_sigmas", "stochastic_sampling"}) {
    fields.only(key, false, kWhy);
  }
  fields.only("shift_terminal", 0, kWhy);
  out.flow_shift = fields.number("shift", 1.0);
}

std::array<std::int64_t, 3> read_patch(const Fields& fields) {
  const auto patch = fields.integers("patch_size", kCount, {1, 2, 2});
  require(patch.size() == 3, ErrorCode::kMalformed, fields.where(), ": patch_size has ", patch.size(),
          " numbers; 3 are allowed");
  return {patch[0], patch[1], patch[2]};
}

void refuse_image_variants(const Fields& fields) {
  for (const char* key : {"image_dim", "added_kv_proj_dim", "pos_embed_seq_len"}) {
    require(!fields.has(key), ErrorCode::kUsage, fields.where(), ": ", key, " is set: this is Wan I2V; ", kSupported);
  }
  const std::int64_t channels = fields.integer("in_channels", kSize, 16);
  require(channels != 36, ErrorCode::kUsage, fields.where(), ": in_channels 36: this is Wan2.2 I2V; ", kSupported);
  require(channels != 48, ErrorCode::kUsage, fields.where(), ": in_channels 48: this is Wan2.2 TI2V-5B; ", kSupported);
}

}  // namespace

TransformerConfig read_transformer_config(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  require_class(fields, "WanTransformer3DModel");
  refuse_image_variants(fields);
  fields.only("qk_norm", "rms_norm_across_heads", kSupported);
  TransformerConfig out;
  out.patch = read_patch(fields);
  out.heads = fields.integer("num_attention_heads", kCount, 40);
  out.head_dim = fields.integer("attention_head_dim", kCount, 128);
  out.layers = fields.integer("num_layers", kCount, 40);
  out.in_channels = fields.integer("in_channels", kSize, 16);
  out.out_channels = fields.integer("out_channels", kSize, 16);
  out.text_dim = fields.integer("text_dim", kSize, 4096);
  out.freq_dim = fields.integer("freq_dim", kSize, 256);
  out.ffn_dim = fields.integer("ffn_dim", kSize, 13824);
  out.rope_max_seq_len = fields.integer("rope_max_seq_len", kSize, 1024);
  out.cross_attn_norm = fields.boolean("cross_attn_norm", true);
  out.eps = read_eps(fields, "eps");
  check_config(out, where);
  return out;
}

TransformerConfig read_original_config(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  const std::string type = fields.text("model_type", "t2v");
  require(type == "t2v", ErrorCode::kUsage, where, ": model_type '", printable(type),
          "' is not supported: ", kSupported);
  const std::int64_t dim = fields.integer("dim", kSize);
  TransformerConfig out;
  out.heads = fields.integer("num_heads", kCount);
  require(dim % out.heads == 0, ErrorCode::kMalformed, where, ": dim ", dim, " is no multiple of num_heads ",
          out.heads);
  out.head_dim = dim / out.heads;
  out.layers = fields.integer("num_layers", kCount);
  out.in_channels = fields.integer("in_dim", kSize, 16);
  out.out_channels = fields.integer("out_dim", kSize, 16);
  out.text_dim = fields.integer("text_dim", kSize, 4096);
  out.freq_dim = fields.integer("freq_dim", kSize, 256);
  out.ffn_dim = fields.integer("ffn_dim", kSize);
  out.text_len = fields.integer("text_len", kSize, 512);
  out.cross_attn_norm = fields.boolean("cross_attn_norm", true);
  out.eps = read_eps(fields, "eps");
  fields.only("qk_norm", true, kSupported);
  out.patch = read_patch(fields);
  check_config(out, where);
  return out;
}

VaeConfig read_vae_config(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  require_class(fields, "AutoencoderKLWan");
  fields.only("is_residual", false, "this is the Wan2.2 VAE; supported is that of Wan2.1");
  require(!fields.has("patch_size"), ErrorCode::kUsage, where, ": patch_size is set: this is the Wan2.2 VAE; ",
          "supported is that of Wan2.1");
  fields.only("in_channels", 3, kSupported);
  fields.only("out_channels", 3, kSupported);
  fields.only("attn_scales", Json::array(), kSupported);
  VaeConfig out = published_vae();
  out.base_dim = fields.integer("base_dim", kSize, out.base_dim);
  fields.only("decoder_base_dim", out.base_dim, "encoder and decoder must have the same base");
  out.z_dim = fields.integer("z_dim", kSize, out.z_dim);
  out.dim_mult = fields.integers("dim_mult", kCount, out.dim_mult);
  out.num_res_blocks = fields.integer("num_res_blocks", kCount, out.num_res_blocks);
  out.temporal_downsample = fields.booleans("temperal_downsample", out.temporal_downsample);
  if (fields.has("latents_mean")) out.latents_mean = fields.numbers("latents_mean");
  if (fields.has("latents_std")) out.latents_std = fields.numbers("latents_std");
  set_strides(out);
  out.stride_time = fields.integer("scale_factor_temporal", kCount, out.stride_time);
  out.stride_space = fields.integer("scale_factor_spatial", kCount, out.stride_space);
  check_config(out, where);
  return out;
}

SchedulerConfig read_scheduler_config(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  SchedulerConfig out;
  out.class_name = fields.text("_class_name");
  if (out.class_name == "UniPCMultistepScheduler") {
    read_unipc(fields, out);
  } else if (out.class_name == "FlowMatchEulerDiscreteScheduler") {
    read_euler(fields, out);
  } else {
    fail(ErrorCode::kUsage, where, ": scheduler '", printable(out.class_name),
         "' is not supported; allowed are UniPCMultistepScheduler and FlowMatchEulerDiscreteScheduler");
  }
  require(out.flow_shift > 0 && out.flow_shift <= 100, ErrorCode::kMalformed, where, ": shift ", out.flow_shift,
          "; above 0 and at most 100 is allowed");
  fields.only("num_train_timesteps", 1000, "Wan models were trained on 1000 noise levels");
  return out;
}

TextEncoderConfig read_text_config(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  const std::string type = fields.text("model_type", "umt5");
  require(type == "umt5", ErrorCode::kUsage, where, ": text encoder model_type '", printable(type),
          "' is not supported; allowed is umt5");
  fields.only("feed_forward_proj", "gated-gelu", "only the gated GELU is supported");
  TextEncoderConfig out;
  out.vocab_size = fields.integer("vocab_size", {1, std::int64_t{1} << 24}, 250112);
  out.d_model = fields.integer("d_model", kSize, 512);
  out.d_kv = fields.integer("d_kv", kCount, 64);
  out.d_ff = fields.integer("d_ff", kSize, 1024);
  out.layers = fields.integer("num_layers", kCount, 8);
  out.heads = fields.integer("num_heads", kCount, 6);
  out.num_buckets = fields.integer("relative_attention_num_buckets", kSize, 32);
  out.max_distance = fields.integer("relative_attention_max_distance", kSize, 128);
  out.eps = read_eps(fields, "layer_norm_epsilon");
  check_config(out, where);
  return out;
}

}  // namespace wean::models
