// A checkpoint on disk, in whichever layout it is: which parts it has, their configs and their tensors under canonical
// (diffusers and transformers) names. Opening reads headers and configs only.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/base/vocabulary.h"
#include "models/files/config.h"
#include "models/files/model_root.h"
#include "models/files/tensor_set.h"

namespace wean::models {

enum class Layout : std::uint8_t {
  kDiffusers,   ///< folder with model_index.json
  kOriginal,    ///< folder with the original Wan config.json beside the weights
  kSingleFile,  ///< one safetensors file with original or diffusers names, with or without `model.diffusion_model.`
};
[[nodiscard]] const char* to_string(Layout layout) noexcept;

/// A model part and its config.
template <typename Config>
struct Component {
  Config config;
  std::shared_ptr<const TensorSet> tensors;
};

/// A folder with tokenizer.json or spiece.model.
struct TokenizerPlace {
  ModelRoot root;                ///< nothing in the folder may lead out of it
  std::filesystem::path folder;  ///< inside the root
};

/// What `open_checkpoint` found. Parts that were not asked for, or that the layout does not have (or has only as
/// pickle), are empty, and `missing` says in one sentence why and what to do.
struct Checkpoint {
  std::filesystem::path path;  ///< as it was given; inside a hub cache that of the snapshot
  Layout layout = Layout::kDiffusers;
  std::string family = "wan2.1-t2v";
  Component<TransformerConfig> transformer;
  std::optional<Component<VaeConfig>> vae;  ///< tensors: null when they were not asked for
  std::optional<Component<TextEncoderConfig>> text_encoder;
  std::optional<TokenizerPlace> tokenizer;
  SchedulerConfig scheduler;
  std::string missing_vae, missing_text_encoder, missing_tokenizer;
};

/// Which parts to open. What is not asked for need not be there, and is not looked at, but for the VAE's sizes: they
/// say how many pixels a latent stands for.
struct OpenOptions {
  bool text_encoder = true;  ///< and tokenizer
  bool vae = true;
  std::int64_t head_dim = 0;  ///< for single files without config; 0 = 128
};

/// Finds out the layout and opens the parts; of the outer folder of a hub cache its snapshot
/// (models/files/model_root.h). Throws kMalformed (a file breaks its rules), kIo, and kUsage for what is not supported,
/// by name: I2V, VACE, Wan2.2, HunyuanVideo, CogVideoX, LTX, pickle files.
[[nodiscard]] Checkpoint open_checkpoint(const std::filesystem::path& path, const OpenOptions& options = {});

/// Identity for files made from this checkpoint (models/fingerprints.md). Reads every byte of the transformer's
/// weights.
[[nodiscard]] ModelIdentity identify(const Checkpoint& checkpoint);

/// Tensors of one safetensors file under the names that they have there.
[[nodiscard]] std::shared_ptr<const TensorSet> open_tensor_file(const std::filesystem::path& path);

}  // namespace wean::models
