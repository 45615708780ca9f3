// The tensors of one folder: a single safetensors file, or shards with an index.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/files/model_root.h"
#include "models/files/tensor_set.h"

namespace wean::models {

inline constexpr std::size_t kMaxShards = 10'000;

/// Tensors under the names in the files.
struct RawTensors {
  std::filesystem::path where;
  std::vector<TensorView> tensors;
};

/// Opens `<folder>/<stem>.safetensors`, or `<folder>/<stem>.safetensors.index.json` with its shards. Index rules: every
/// value is one file name in the same folder; every tensor lies in the shard that the index names, and nowhere else; no
/// shard is missing or left out. Throws kMalformed, kIo; kUsage when there are only pickle files.
[[nodiscard]] RawTensors open_folder(const ModelRoot& root, const std::filesystem::path& folder,
                                     const std::string& stem);

/// Makes the set that the rest of wean reads; the names are final.
[[nodiscard]] std::shared_ptr<const TensorSet> share(RawTensors raw);

/// Opens one file.
[[nodiscard]] RawTensors open_single(const std::filesystem::path& path);

}  // namespace wean::models
