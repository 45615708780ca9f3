#include "models/files/key_maps.h"

#include <array>
#include <charconv>

namespace wean::models {
namespace {

constexpr std::array kTransformer{
    RenameRule{"patch_embedding", "patch_embedding"},
    RenameRule{"text_embedding.0", "condition_embedder.text_embedder.linear_1"},
    RenameRule{"text_embedding.2", "condition_embedder.text_embedder.linear_2"},
    RenameRule{"time_embedding.0", "condition_embedder.time_embedder.linear_1"},
    RenameRule{"time_embedding.2", "condition_embedder.time_embedder.linear_2"},
    RenameRule{"time_projection.1", "condition_embedder.time_proj"},
    RenameRule{"blocks.#.modulation", "blocks.#.scale_shift_table"},
    RenameRule{"blocks.#.self_attn.q", "blocks.#.attn1.to_q"},
    RenameRule{"blocks.#.self_attn.k", "blocks.#.attn1.to_k"},
    RenameRule{"blocks.#.self_attn.v", "blocks.#.attn1.to_v"},
    RenameRule{"blocks.#.self_attn.o", "blocks.#.attn1.to_out.0"},
    RenameRule{"blocks.#.self_attn.norm_q", "blocks.#.attn1.norm_q"},
    RenameRule{"blocks.#.self_attn.norm_k", "blocks.#.attn1.norm_k"},
    RenameRule{"blocks.#.cross_attn.q", "blocks.#.attn2.to_q"},
    RenameRule{"blocks.#.cross_attn.k", "blocks.#.attn2.to_k"},
    RenameRule{"blocks.#.cross_attn.v", "blocks.#.attn2.to_v"},
    RenameRule{"blocks.#.cross_attn.o", "blocks.#.attn2.to_out.0"},
    RenameRule{"blocks.#.cross_attn.norm_q", "blocks.#.attn2.norm_q"},
    RenameRule{"blocks.#.cross_attn.norm_k", "blocks.#.attn2.norm_k"},
    RenameRule{"blocks.#.norm3", "blocks.#.norm2"},
    RenameRule{"blocks.#.ffn.0", "blocks.#.ffn.net.0.proj"},
    RenameRule{"blocks.#.ffn.2", "blocks.#.ffn.net.2"},
    RenameRule{"head.modulation", "scale_shift_table"},
    RenameRule{"head.head", "proj_out"},
};

constexpr std::array kUmt5{
    RenameRule{"token_embedding", "shared"},
    RenameRule{"blocks.#.norm1", "encoder.block.#.layer.0.layer_norm"},
    RenameRule{"blocks.#.attn.q", "encoder.block.#.layer.0.SelfAttention.q"},
    RenameRule{"blocks.#.attn.k", "encoder.block.#.layer.0.SelfAttention.k"},
    RenameRule{"blocks.#.attn.v", "encoder.block.#.layer.0.SelfAttention.v"},
    RenameRule{"blocks.#.attn.o", "encoder.block.#.layer.0.SelfAttention.o"},
    RenameRule{"blocks.#.pos_embedding.embedding", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias"},
    RenameRule{"blocks.#.norm2", "encoder.block.#.layer.1.layer_norm"},
    RenameRule{"blocks.#.ffn.gate.0", "encoder.block.#.layer.1.DenseReluDense.wi_0"},
    RenameRule{"blocks.#.ffn.fc1", "encoder.block.#.layer.1.DenseReluDense.wi_1"},
    RenameRule{"blocks.#.ffn.fc2", "encoder.block.#.layer.1.DenseReluDense.wo"},
    RenameRule{"norm", "encoder.final_layer_norm"},
};

constexpr std::array kVaeTop{
    RenameRule{"conv1", "quant_conv"},
    RenameRule{"conv2", "post_quant_conv"},
    RenameRule{"encoder.conv1", "encoder.conv_in"},
    RenameRule{"decoder.conv1", "decoder.conv_in"},
    RenameRule{"encoder.head.0", "encoder.norm_out"},
    RenameRule{"decoder.head.0", "decoder.norm_out"},
    RenameRule{"encoder.head.2", "encoder.conv_out"},
    RenameRule{"decoder.head.2", "decoder.conv_out"},
    RenameRule{"encoder.middle.0", "encoder.mid_block.resnets.0"},
    RenameRule{"decoder.middle.0", "decoder.mid_block.resnets.0"},
    RenameRule{"encoder.middle.1", "encoder.mid_block.attentions.0"},
    RenameRule{"decoder.middle.1", "decoder.mid_block.attentions.0"},
    RenameRule{"encoder.middle.2", "encoder.mid_block.resnets.1"},
    RenameRule{"decoder.middle.2", "decoder.mid_block.resnets.1"},
    RenameRule{"encoder.downsamples.#", "encoder.down_blocks.#"},
};

/// Inside a residual block.
constexpr std::array kVaeBlock{
    RenameRule{".residual.0", ".norm1"}, RenameRule{".residual.2", ".conv1"},       RenameRule{".residual.3", ".norm2"},
    RenameRule{".residual.6", ".conv2"}, RenameRule{".shortcut", ".conv_shortcut"},
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A rule applied to the beginning of `name`: the new beginning, and what follows it.
struct Match {
  std::string begin;
  std::string_view rest;
};

std::optional<Match> match(std::string_view name, const RenameRule& rule) {
  const std::size_t hash = rule.from.find('#');
  if (hash == std::string_view::npos) {
    if (!name.starts_with(rule.from)) return std::nullopt;
    return Match{std::string(rule.to), name.substr(rule.from.size())};
  }
  if (!name.starts_with(rule.from.substr(0, hash))) return std::nullopt;
  std::size_t end = hash;
  while (end < name.size() && is_digit(name[end])) ++end;
  const std::string_view tail = rule.from.substr(hash + 1);
  if (end == hash || !name.substr(end).starts_with(tail)) return std::nullopt;
  std::string to(rule.to);
  to.replace(to.find('#'), 1, name.substr(hash, end - hash));
  return Match{std::move(to), name.substr(end + tail.size())};
}

/// True for "", ".weight", ".bias": at most one more part.
bool at_most_one_part(std::string_view rest) noexcept {
  return rest.empty() || (rest.front() == '.' && rest.find('.', 1) == std::string_view::npos);
}

std::string rename_vae_block(std::string_view rest) {
  for (const RenameRule& rule : kVaeBlock) {
    if (const auto found = match(rest, rule); found && at_most_one_part(found->rest)) {
      return found->begin + std::string(found->rest);
    }
  }
  return std::string(rest);
}

/// decoder.upsamples.N... with N counting residual blocks and upsamplers through all levels.
std::optional<std::string> rename_vae_upsample(std::string_view name, std::int64_t res_blocks) {
  constexpr std::string_view kPrefix = "decoder.upsamples.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t index = 0;
  const char* end = name.data() + name.size();
  const auto [after, error] = std::from_chars(name.data() + kPrefix.size(), end, index);
  if (error != std::errc() || index < 0) return std::nullopt;
  const std::int64_t level = index / (res_blocks + 2);
  const std::int64_t place = index % (res_blocks + 2);
  const std::string_view rest(after, static_cast<std::size_t>(end - after));
  const std::string block = "decoder.up_blocks." + std::to_string(level);
  if (place == res_blocks + 1) return block + ".upsamplers.0" + std::string(rest);
  return block + ".resnets." + std::to_string(place) + rename_vae_block(rest);
}

std::optional<std::string> rename_vae_other(std::string_view name) {
  for (const RenameRule& rule : kVaeTop) {
    const auto found = match(name, rule);
    if (found && (found->rest.empty() || found->rest.front() == '.')) {
      return found->begin + rename_vae_block(found->rest);
    }
  }
  return std::nullopt;
}

}  // namespace

std::span<const RenameRule> wan_transformer_rules() noexcept { return kTransformer; }
std::span<const RenameRule> umt5_rules() noexcept { return kUmt5; }

std::optional<std::string> rename(std::string_view name, std::span<const RenameRule> rules) {
  for (const RenameRule& rule : rules) {
    const auto found = match(name, rule);
    if (found && at_most_one_part(found->rest)) return found->begin + std::string(found->rest);
  }
  return std::nullopt;
}

void rename_all(std::vector<TensorView>& tensors, std::span<const RenameRule> rules) {
  for (TensorView& tensor : tensors) {
    if (auto name = rename(tensor.name, rules)) tensor.name = std::move(*name);
  }
}

void rename_vae(std::vector<TensorView>& tensors, std::int64_t res_blocks) {
  for (TensorView& tensor : tensors) {
    auto name = rename_vae_upsample(tensor.name, res_blocks);
    if (!name) name = rename_vae_other(tensor.name);
    if (name) tensor.name = std::move(*name);
  }
}

}  // namespace wean::models
