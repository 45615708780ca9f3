#include "models/files/checkpoint.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/files/config_reader.h"
#include "models/files/fingerprint.h"
#include "models/files/json.h"
#include "models/files/key_maps.h"
#include "models/files/layouts.h"
#include "models/files/model_root.h"
#include "models/files/probe.h"
#include "models/files/shards.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

/// What makes a folder recognisable as a model that is not supported.
struct Landmark {
  const char* name;
  const char* architecture;
};
constexpr std::array kLandmarks{
    Landmark{"high_noise_model", "Wan2.2 A14B"},
    Landmark{"low_noise_model", "Wan2.2 A14B"},
    Landmark{"Wan2.2_VAE.pth", "Wan2.2 TI2V-5B"},
    Landmark{"hunyuan-video-t2v-720p", "HunyuanVideo"},
    Landmark{"models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", "Wan2.1 I2V"},
};

[[noreturn]] void refuse_by_extension(const fs::path& path) {
  const std::string extension = path.extension().string();
  for (const char* pickle : {".pth", ".pt", ".ckpt", ".bin"}) {
    require(extension != pickle, ErrorCode::kUsage, path.string(),
            ": a pickle file, which wean does not read; convert it to safetensors");
  }
  require(extension != ".gguf", ErrorCode::kUsage, path.string(), ": a GGUF file; use the safetensors file");
  fail(ErrorCode::kUsage, path.string(), ": not a checkpoint; a model folder or a .safetensors file is expected");
}

/// True when config.json is the original Wan's; throws when it is a known other one.
bool is_original(const ModelRoot& root) {
  if (!root.has("config.json")) return false;
  const std::string where = (root.given() / "config.json").string();
  const Json json = read_json(root, "config.json", kConfigLimits);
  const Fields fields(json, where);
  const std::string name = fields.text("_class_name", "");
  require(name != "WanTransformer3DModel", ErrorCode::kUsage, where,
          ": this is the transformer alone; give the folder above, which holds model_index.json");
  require(name != "AutoencoderKLWan", ErrorCode::kUsage, where,
          ": this is the VAE alone; give the folder above, which holds model_index.json");
  return fields.has("dim") && fields.has("num_heads");
}

/// Names in a folder that holds no checkpoint, and what the user may have meant.
std::string what_is_there(const ModelRoot& root) {
  const std::vector<std::string> names = root.list("");
  std::string list;
  for (const std::string& name : names) {
    if (root.has(fs::path(name) / "model_index.json") || root.has_folder(fs::path(name) / "snapshots"))
      return "; did you mean " + (root.given() / name).string() + "?";
    if (list.size() < 100) list += (list.empty() ? "" : ", ") + printable(name);
  }
  return list.empty() ? "; the folder is empty" : "; it holds " + list;
}

Checkpoint open_model_folder(const fs::path& path, const OpenOptions& options) {
  const ModelRoot root(enter_hub_cache(path));
  if (root.has("model_index.json")) return open_diffusers(root, options);
  for (const Landmark& landmark : kLandmarks) {
    require(!root.has(landmark.name), ErrorCode::kUsage, root.given().string(), ": this is ", landmark.architecture,
            " (it holds ", landmark.name, "); ", kSupported);
  }
  if (is_original(root)) return open_original(root, options);
  fail(ErrorCode::kUsage, root.given().string(),
       ": no checkpoint: neither model_index.json (diffusers) nor an original Wan config.json is there",
       what_is_there(root));
}

}  // namespace

std::shared_ptr<const TensorSet> share_transformer(RawTensors raw) {
  const Naming naming = probe_transformer(raw.tensors, raw.where.string());
  if (naming == Naming::kOriginal) rename_all(raw.tensors, wan_transformer_rules());
  return share(std::move(raw));
}

void find_tokenizer(const ModelRoot& root, const fs::path& folder, Checkpoint& out) {
  for (const char* name : {"tokenizer.json", "spiece.model"}) {
    if (root.has(folder / name)) out.tokenizer = TokenizerPlace{root, folder};
  }
  if (out.tokenizer) return;
  out.missing_tokenizer =
      (root.given() / folder).string() + ": neither tokenizer.json nor spiece.model is there; use --embeddings";
}

void leave_out_text(Checkpoint& out) {
  out.missing_text_encoder = out.missing_tokenizer = out.path.string() + ": the text encoder was not asked for";
}

const char* to_string(Layout layout) noexcept {
  constexpr std::array kNames{"diffusers", "original", "single file"};
  return kNames[static_cast<std::size_t>(layout)];
}

Checkpoint open_checkpoint(const fs::path& path, const OpenOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  require(fs::exists(status), ErrorCode::kIo, path.string(), ": not there");
  if (fs::is_directory(status)) return open_model_folder(path, options);
  if (path.extension() != ".safetensors") refuse_by_extension(path);
  return open_single_file(path, options.head_dim);
}

ModelIdentity identify(const Checkpoint& checkpoint) {
  const TransformerConfig& config = checkpoint.transformer.config;
  ModelIdentity identity;
  identity.family = checkpoint.family;
  identity.layers = static_cast<std::uint32_t>(config.layers);
  identity.heads = static_cast<std::uint32_t>(config.heads);
  identity.head_dim = static_cast<std::uint32_t>(config.head_dim);
  identity.weights = weights_fingerprint(*checkpoint.transformer.tensors);
  identity.quick = quick_fingerprint(*checkpoint.transformer.tensors);
  identity.config = config_fingerprint(checkpoint.family, config);
  return identity;
}

std::shared_ptr<const TensorSet> open_tensor_file(const fs::path& path) { return share(open_single(path)); }

}  // namespace wean::models
