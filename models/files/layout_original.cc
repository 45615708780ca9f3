#include <utility>

#include "common/base/error.h"
#include "models/files/config_reader.h"
#include "models/files/json.h"
#include "models/files/key_maps.h"
#include "models/files/layouts.h"
#include "models/files/probe.h"
#include "models/files/shards.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVaeStem = "Wan2.1_VAE";
constexpr const char* kTextStem = "models_t5_umt5-xxl-enc-bf16";
constexpr const char* kTokenizer = "google/umt5-xxl";

/// "" when `<stem>.safetensors` is there, else why the part is missing and what to do.
std::string why_missing(const ModelRoot& root, const std::string& stem, const char* advice) {
  if (root.has(stem + ".safetensors")) return "";
  const std::string shown = (root.given() / stem).string();
  if (root.has(stem + ".pth")) {
    return shown + ".pth: a pickle file, which wean does not read; convert it to " + stem + ".safetensors" + advice;
  }
  return shown + ".safetensors: not there" + advice;
}

void open_vae(const ModelRoot& root, Checkpoint& out) {
  out.missing_vae = why_missing(root, kVaeStem, "; only --latents-only needs no VAE");
  if (!out.missing_vae.empty()) return;
  RawTensors raw = open_folder(root, "", kVaeStem);
  const std::string where = (root.given() / (std::string(kVaeStem) + ".safetensors")).string();
  const VaeConfig config = probe_vae_config(raw.tensors, where);
  rename_vae(raw.tensors, config.num_res_blocks);
  out.vae = {config, share(std::move(raw))};
}

void open_text(const ModelRoot& root, Checkpoint& out) {
  out.missing_text_encoder = why_missing(root, kTextStem, ", or use --embeddings");
  if (out.missing_text_encoder.empty()) {
    RawTensors raw = open_folder(root, "", kTextStem);
    rename_all(raw.tensors, umt5_rules());
    auto set = share(std::move(raw));
    const TextEncoderConfig config = probe_text_config(*set);
    out.text_encoder = {config, std::move(set)};
  }
  find_tokenizer(root, kTokenizer, out);
}

}  // namespace

Checkpoint open_original(const ModelRoot& root, const OpenOptions& options) {
  const std::string where = (root.given() / "config.json").string();
  Checkpoint out;
  out.path = root.given();
  out.layout = Layout::kOriginal;
  out.transformer.config = read_original_config(read_json(root, "config.json", kConfigLimits), where);
  out.transformer.tensors = share_transformer(open_folder(root, "", "diffusion_pytorch_model"));
  open_vae(root, out);
  leave_out_text(out);
  if (options.text_encoder) open_text(root, out);
  return out;
}

Checkpoint open_single_file(const fs::path& path, std::int64_t head_dim) {
  Checkpoint out;
  out.path = path;
  out.layout = Layout::kSingleFile;
  RawTensors raw = open_single(path);
  strip_prefix(raw.tensors, path.string());
  out.transformer.tensors = share_transformer(std::move(raw));
  out.transformer.config = probe_transformer_config(*out.transformer.tensors, head_dim);
  out.missing_vae = path.string() + ": a single file holds no VAE; use a model folder";
  out.missing_text_encoder =
      path.string() + ": a single file holds no text encoder; use --embeddings or a model folder";
  out.missing_tokenizer = out.missing_text_encoder;
  return out;
}

}  // namespace wean::models
