#include "models/files/probe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "common/base/error.h"
#include "models/files/config_reader.h"

namespace wean::models {
namespace {

constexpr std::string_view kPrefix = "model.diffusion_model.";

/// A name, or part of one, that only this architecture has.
struct Signature {
  std::string_view part;
  std::string_view architecture;
};

// In this order: the more special first.
constexpr std::array kForeign{
    Signature{"lora_", "a LoRA, not a whole model (fuse it into the model first)"},
    Signature{".scale_weight", "a model with scaled 8-bit weights (use the bf16 or fp16 file)"},
    Signature{"vace_blocks.", "Wan VACE"},
    Signature{"vace_patch_embedding.", "Wan VACE"},
    Signature{"face_adapter.", "Wan2.2 Animate"},
    Signature{"motion_encoder.", "Wan2.2 Animate"},
    Signature{"audio_injector.", "Wan2.2 S2V"},
    Signature{"control_adapter.", "Wan Fun Control"},
    Signature{"img_emb.", "Wan2.1 I2V"},
    Signature{"condition_embedder.image_embedder.", "Wan2.1 I2V"},
    Signature{"double_blocks.0.img_attn_qkv.", "HunyuanVideo"},
    Signature{"double_blocks.0.img_attn.qkv.", "HunyuanVideo or Flux"},
    Signature{"single_transformer_blocks.", "HunyuanVideo or Flux"},
    Signature{"attention.query_key_value.", "CogVideoX"},
    Signature{"transformer_blocks.0.norm1.linear.", "CogVideoX"},
    Signature{"patchify_proj.", "LTX"},
    Signature{"transformer_blocks.0.scale_shift_table", "LTX"},
    Signature{"token_embedding.", "a UMT5 text encoder, not a transformer"},
    Signature{"encoder.block.0.layer.0.SelfAttention.", "a UMT5 text encoder, not a transformer"},
    Signature{"decoder.middle.0.", "a Wan VAE, not a transformer"},
    Signature{"decoder.mid_block.", "a VAE, not a transformer"},
};

const TensorView* find(const std::vector<TensorView>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &TensorView::name);
  return found == tensors.end() ? nullptr : &*found;
}

/// The tensor's shape, which must have `rank` sizes above 0.
const std::vector<std::int64_t>& shape_of(const TensorView* tensor, std::string_view name, std::size_t rank,
                                          const std::string& where) {
  require(tensor != nullptr, ErrorCode::kMalformed, where, ": tensor '", name, "' is missing");
  const bool fits = tensor->shape.size() == rank && std::ranges::all_of(tensor->shape, [](auto n) { return n > 0; });
  require(fits, ErrorCode::kMalformed, where, ": tensor '", name, "' has shape ", shape_text(tensor->shape), "; ", rank,
          " sizes above 0 are expected");
  return tensor->shape;
}

const std::vector<std::int64_t>& shape_of(const TensorSet& set, const std::string& name, std::size_t rank) {
  return shape_of(set.find(name), name, rank, set.where().string());
}

/// 1 + the largest N of names "<prefix>N.".
std::int64_t count_of(const std::vector<TensorView>& tensors, std::string_view prefix) {
  std::int64_t count = 0;
  for (const TensorView& tensor : tensors) {
    if (!tensor.name.starts_with(prefix)) continue;
    std::int64_t index = -1;
    const char* begin = tensor.name.data() + prefix.size();
    const char* end = tensor.name.data() + tensor.name.size();
    const auto [after, error] = std::from_chars(begin, end, index);
    if (error == std::errc() && after != end && *after == '.' && index < 100'000) count = std::max(count, index + 1);
  }
  return count;
}

void refuse_variants(const TensorView& patch, const std::string& where) {
  const std::int64_t channels = patch.shape.size() == 5 ? patch.shape[1] : 0;
  require(channels != 36, ErrorCode::kUsage, where, ": 36 input channels: this is Wan2.2 I2V; ", kSupported);
  require(channels != 48, ErrorCode::kUsage, where, ": 48 input channels: this is Wan2.2 TI2V-5B; ", kSupported);
}

}  // namespace

void strip_prefix(std::vector<TensorView>& tensors, const std::string& where) {
  const auto prefixed = [](const TensorView& t) { return t.name.starts_with(kPrefix); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(tensors, prefixed));
  if (count == 0) return;
  const auto other = std::ranges::find_if_not(tensors, prefixed);
  require(other == tensors.end(), ErrorCode::kUsage, where, ": holds more than a transformer: '",
          other == tensors.end() ? "" : other->name, "' lies beside ", kPrefix, "*; ", kSupported);
  for (TensorView& tensor : tensors) tensor.name.erase(0, kPrefix.size());
}

Naming probe_transformer(const std::vector<TensorView>& tensors, const std::string& where) {
  for (const Signature& foreign : kForeign) {
    const auto has_part = [&](const TensorView& t) { return t.name.find(foreign.part) != std::string::npos; };
    require(std::ranges::none_of(tensors, has_part), ErrorCode::kUsage, where, ": this is ", foreign.architecture,
            " (it has '", foreign.part, "'); ", kSupported);
  }
  const bool original = find(tensors, "blocks.0.self_attn.q.weight") != nullptr;
  const bool diffusers = find(tensors, "blocks.0.attn1.to_q.weight") != nullptr;
  require(original || diffusers, ErrorCode::kUsage, where,
          ": unknown architecture: neither blocks.0.self_attn.q.weight", " nor blocks.0.attn1.to_q.weight is there; ",
          kSupported);
  const TensorView* patch = find(tensors, "patch_embedding.weight");
  if (patch != nullptr) refuse_variants(*patch, where);
  return original ? Naming::kOriginal : Naming::kDiffusers;
}

TransformerConfig probe_transformer_config(const TensorSet& set, std::int64_t head_dim) {
  const auto& patch = shape_of(set, "patch_embedding.weight", 5);
  const std::int64_t dim = patch[0];
  TransformerConfig config;
  config.head_dim = head_dim == 0 ? 128 : head_dim;
  require(dim % config.head_dim == 0, ErrorCode::kUsage, set.where().string(), ": model dimension ", dim,
          " is no multiple of head dimension ", config.head_dim, "; give the right one with --head-dim");
  config.patch = {patch[2], patch[3], patch[4]};
  config.in_channels = patch[1];
  config.heads = dim / config.head_dim;
  config.layers = count_of(set.tensors(), "blocks.");
  config.text_dim = shape_of(set, "condition_embedder.text_embedder.linear_1.weight", 2)[1];
  config.freq_dim = shape_of(set, "condition_embedder.time_embedder.linear_1.weight", 2)[1];
  config.ffn_dim = shape_of(set, "blocks.0.ffn.net.0.proj.weight", 2)[0];
  config.cross_attn_norm = set.find("blocks.0.norm2.weight") != nullptr;
  config.out_channels = shape_of(set, "proj_out.weight", 2)[0] / (patch[2] * patch[3] * patch[4]);
  check_config(config, set.where().string());
  return config;
}

TextEncoderConfig probe_text_config(const TensorSet& set) {
  const std::string block = "encoder.block.0.layer.";
  const auto& embedding = shape_of(set, "shared.weight", 2);
  const auto& bias = shape_of(set, block + "0.SelfAttention.relative_attention_bias.weight", 2);
  const std::int64_t width = shape_of(set, block + "0.SelfAttention.q.weight", 2)[0];
  TextEncoderConfig config;
  config.vocab_size = embedding[0];
  config.d_model = embedding[1];
  config.num_buckets = bias[0];
  config.heads = bias[1];
  config.d_kv = width / config.heads;
  config.d_ff = shape_of(set, block + "1.DenseReluDense.wi_0.weight", 2)[0];
  config.layers = count_of(set.tensors(), "encoder.block.");
  check_config(config, set.where().string());
  return config;
}

VaeConfig probe_vae_config(const std::vector<TensorView>& tensors, const std::string& where) {
  require(find(tensors, "decoder.upsamples.0.upsamples.0.residual.2.weight") == nullptr, ErrorCode::kUsage, where,
          ": this is the Wan2.2 VAE; ", kSupported);
  const auto place = [](std::int64_t i) { return "decoder.upsamples." + std::to_string(i) + "."; };
  const std::int64_t places = count_of(tensors, "decoder.upsamples.");
  require(places <= 100, ErrorCode::kMalformed, where, ": ", places, " parts in decoder.upsamples; not a Wan2.1 VAE");
  std::int64_t per_level = 0;  // residual blocks of a level; the upsampler follows
  while (per_level < places && find(tensors, place(per_level) + "residual.2.weight") != nullptr) ++per_level;
  require(per_level >= 2 && per_level < places, ErrorCode::kMalformed, where, ": ", per_level,
          " residual blocks before the first upsampler; not a Wan2.1 VAE");
  VaeConfig config = published_vae();
  config.num_res_blocks = per_level - 1;
  config.dim_mult.clear();
  config.temporal_downsample.clear();
  for (std::int64_t at = 0; at < places; at += per_level + 1) {
    const std::string name = place(at) + "residual.2.weight";
    config.dim_mult.insert(config.dim_mult.begin(), shape_of(find(tensors, name), name, 5, where)[0]);
    if (at + per_level >= places) break;
    const bool time = find(tensors, place(at + per_level) + "time_conv.weight") != nullptr;
    config.temporal_downsample.insert(config.temporal_downsample.begin(), time);
  }
  config.base_dim = config.dim_mult.front();
  for (std::int64_t& mult : config.dim_mult) mult /= config.base_dim;
  config.z_dim = shape_of(find(tensors, "conv2.weight"), "conv2.weight", 5, where)[0];
  set_strides(config);
  check_config(config, where);
  return config;
}

}  // namespace wean::models
