#include <utility>

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/files/config_reader.h"
#include "models/files/json.h"
#include "models/files/layouts.h"
#include "models/files/shards.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

std::string where_of(const ModelRoot& root, const fs::path& relative) { return (root.given() / relative).string(); }

/// What model_index.json names as the class of a part: ["diffusers", "WanTransformer3DModel"]; "" when absent.
std::string class_of(const Json& index, const char* part, const std::string& where) {
  const auto entry = index.find(part);
  if (entry == index.end() || entry->is_null()) return "";
  const bool pair = entry->is_array() && entry->size() == 2;
  require(pair && ((*entry)[1].is_string() || (*entry)[1].is_null()), ErrorCode::kMalformed, where, ": ", part, " is ",
          printable(entry->dump()), "; a pair of library and class is allowed");
  return (*entry)[1].is_null() ? "" : (*entry)[1].get<std::string>();
}

void require_part(const Json& index, const char* part, const char* expected, const std::string& where) {
  const std::string name = class_of(index, part, where);
  require(name.empty() || name == expected, ErrorCode::kUsage, where, ": ", part, " is a ", printable(name),
          "; allowed is ", expected, ": ", kSupported);
}

void check_pipeline(const Json& index, const std::string& where) {
  const Fields fields(index, where);
  const std::string pipeline = fields.text("_class_name");
  require(pipeline == "WanPipeline", ErrorCode::kUsage, where, ": a ", printable(pipeline),
          "; allowed is WanPipeline: ", kSupported);
  require(!fields.has("boundary_ratio") && class_of(index, "transformer_2", where).empty(), ErrorCode::kUsage, where,
          ": two experts (transformer_2, boundary_ratio): this is Wan2.2 A14B; ", kSupported);
  require(!fields.boolean("expand_timesteps", false), ErrorCode::kUsage, where,
          ": expand_timesteps: this is Wan2.2 TI2V-5B; ", kSupported);
  require_part(index, "transformer", "WanTransformer3DModel", where);
  require_part(index, "vae", "AutoencoderKLWan", where);
  require_part(index, "text_encoder", "UMT5EncoderModel", where);
}

Component<TransformerConfig> open_transformer(const ModelRoot& root) {
  const fs::path config = fs::path("transformer") / "config.json";
  Component<TransformerConfig> out;
  out.config = read_transformer_config(read_json(root, config, kConfigLimits), where_of(root, config));
  out.tensors = share_transformer(open_folder(root, "transformer", "diffusion_pytorch_model"));
  return out;
}

void open_vae(const ModelRoot& root, bool tensors, Checkpoint& out) {
  const fs::path config = fs::path("vae") / "config.json";
  if (!root.has(config)) {
    out.missing_vae = where_of(root, config) + ": not there; only --latents-only needs no VAE";
    return;
  }
  out.vae = {read_vae_config(read_json(root, config, kConfigLimits), where_of(root, config)), nullptr};
  if (tensors) out.vae->tensors = share(open_folder(root, "vae", "diffusion_pytorch_model"));
}

/// transformers stores the embedding as shared.weight; some files have it under its second name, or both.
void tidy_embedding(std::vector<TensorView>& tensors) {
  constexpr const char* kSecond = "encoder.embed_tokens.weight";
  const bool shared = std::ranges::any_of(tensors, [](const TensorView& t) { return t.name == "shared.weight"; });
  if (shared) std::erase_if(tensors, [](const TensorView& t) { return t.name == kSecond; });
  for (TensorView& tensor : tensors) {
    if (tensor.name == kSecond) tensor.name = "shared.weight";
  }
}

void open_text_encoder(const ModelRoot& root, Checkpoint& out) {
  const fs::path config = fs::path("text_encoder") / "config.json";
  if (!root.has(config)) {
    out.missing_text_encoder = where_of(root, config) + ": not there; use --embeddings";
    return;
  }
  const TextEncoderConfig read = read_text_config(read_json(root, config, kConfigLimits), where_of(root, config));
  RawTensors raw = open_folder(root, "text_encoder", "model");
  tidy_embedding(raw.tensors);
  out.text_encoder = {read, share(std::move(raw))};
}

}  // namespace

Checkpoint open_diffusers(const ModelRoot& root, const OpenOptions& options) {
  check_pipeline(read_json(root, "model_index.json", kConfigLimits), where_of(root, "model_index.json"));
  Checkpoint out;
  out.path = root.given();
  out.layout = Layout::kDiffusers;
  const fs::path scheduler = fs::path("scheduler") / "scheduler_config.json";
  out.scheduler = read_scheduler_config(read_json(root, scheduler, kConfigLimits), where_of(root, scheduler));
  out.transformer = open_transformer(root);
  open_vae(root, options.vae, out);
  leave_out_text(out);
  if (options.text_encoder) {
    open_text_encoder(root, out);
    find_tokenizer(root, "tokenizer", out);
  }
  return out;
}

}  // namespace wean::models
