// One function for each layout that open_checkpoint knows.
#pragma once
#include "models/files/checkpoint.h"
#include "models/files/model_root.h"
#include "models/files/shards.h"

namespace wean::models {

/// Folder with model_index.json.
[[nodiscard]] Checkpoint open_diffusers(const ModelRoot& root, const OpenOptions& options);
/// Folder with the original config.json.
[[nodiscard]] Checkpoint open_original(const ModelRoot& root, const OpenOptions& options);
/// One safetensors file.
[[nodiscard]] Checkpoint open_single_file(const std::filesystem::path& path, std::int64_t head_dim);

/// The set under canonical names; throws what probe_transformer throws.
[[nodiscard]] std::shared_ptr<const TensorSet> share_transformer(RawTensors raw);
/// Fills in the tokenizer when `folder` holds one, else why it is missing.
void find_tokenizer(const ModelRoot& root, const std::filesystem::path& folder, Checkpoint& out);
/// Says in `out` that text encoder and tokenizer were not asked for.
void leave_out_text(Checkpoint& out);

}  // namespace wean::models
