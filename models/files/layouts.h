// One function for each layout that open_checkpoint knows.
#pragma once
#include "models/files/checkpoint.h"
#include "models/files/model_root.h"

namespace wean::models {

/// Folder with model_index.json.
[[nodiscard]] Checkpoint open_diffusers(const ModelRoot& root);
/// Folder with the original config.json.
[[nodiscard]] Checkpoint open_original(const ModelRoot& root);
/// One safetensors file.
[[nodiscard]] Checkpoint open_single_file(const std::filesystem::path& path, std::int64_t head_dim);

}  // namespace wean::models
