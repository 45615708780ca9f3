#include "models/files/checkpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"
#include "models/files/config_reader.h"
#include "models/files/fingerprint.h"
#include "models/files/json.h"
#include "models/files/layouts.h"
#include "models/files/model_root.h"
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
  const Json json = parse_json(read_text(root.resolve("config.json"), kConfigLimits.bytes), where, kConfigLimits);
  const Fields fields(json, where);
  const std::string name = fields.text("_class_name", "");
  require(name != "WanTransformer3DModel", ErrorCode::kUsage, where,
          ": this is the transformer alone; give the folder above, which holds model_index.json");
  return fields.has("dim") && fields.has("num_heads");
}

Checkpoint open_model_folder(const fs::path& path) {
  const ModelRoot root(path);
  if (root.has("model_index.json")) return open_diffusers(root);
  for (const Landmark& landmark : kLandmarks) {
    require(!root.has(landmark.name), ErrorCode::kUsage, path.string(), ": this is ", landmark.architecture,
            " (it holds ", landmark.name, "); ", kSupported);
  }
  if (is_original(root)) return open_original(root);
  fail(ErrorCode::kUsage, path.string(),
       ": no checkpoint: neither model_index.json (diffusers) nor an original Wan config.json is there");
}

}  // namespace

const char* to_string(Layout layout) noexcept {
  constexpr std::array kNames{"diffusers", "original", "single file"};
  return kNames[static_cast<std::size_t>(layout)];
}

Checkpoint open_checkpoint(const fs::path& path, std::int64_t head_dim) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  require(fs::exists(status), ErrorCode::kIo, path.string(), ": not there");
  if (fs::is_directory(status)) return open_model_folder(path);
  if (path.extension() != ".safetensors") refuse_by_extension(path);
  return open_single_file(path, head_dim);
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

std::shared_ptr<const TensorSet> open_tensor_file(const fs::path& path) {
  RawTensors raw = open_single(path);
  return std::make_shared<const TensorSet>(raw.where, std::move(raw.tensors), std::move(raw.keep_alive));
}

}  // namespace wean::models
