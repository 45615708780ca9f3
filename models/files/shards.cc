#include "models/files/shards.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"
#include "models/files/json.h"
#include "models/files/safetensors.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".safetensors";

using WeightMap = std::map<std::string, std::string>;

void append(RawTensors& out, const fs::path& shown, const fs::path& real) {
  SafetensorsFile file = open_safetensors(real);
  for (TensorView& tensor : file.tensors) tensor.file = shown;
  std::ranges::move(file.tensors, std::back_inserter(out.tensors));
}

WeightMap read_weight_map(const fs::path& shown, const fs::path& real) {
  const Json json = parse_json(read_text(real, kIndexLimits.bytes), shown.string(), kIndexLimits);
  const Fields index(json, shown.string());
  require(index.has("weight_map"), ErrorCode::kMalformed, shown.string(),
          ": weight_map is missing; an object of tensor and file names is allowed");
  const Json& map = json.at("weight_map");
  require(map.is_object() && !map.empty(), ErrorCode::kMalformed, shown.string(),
          ": weight_map must be an object that is not empty, of tensor and file names");
  require(map.size() <= kMaxTensors, ErrorCode::kMalformed, shown.string(), ": weight_map holds ", map.size(),
          " tensors; at most ", kMaxTensors, " are allowed");
  WeightMap out;
  for (const auto& [name, file] : map.items()) {
    const std::string entry = shown.string() + ": weight_map of '" + printable(name) + "': ";
    require(file.is_string(), ErrorCode::kMalformed, entry, "not a string");
    require_basename(file.get<std::string>(), entry);
    require(file.get<std::string>().ends_with(kExtension), ErrorCode::kMalformed, entry, "'",
            printable(file.get<std::string>()), "' is not a .safetensors file");
    out.emplace(name, file.get<std::string>());
  }
  return out;
}

/// "stem-00001-of-00003.safetensors"
bool looks_like_shard(const std::string& name, const std::string& stem) {
  return name.starts_with(stem + "-") && name.ends_with(kExtension) && name.find("-of-") != std::string::npos;
}

std::set<std::string> shard_names(const WeightMap& map, const fs::path& index) {
  std::set<std::string> shards;
  for (const auto& [name, file] : map) shards.insert(file);
  require(shards.size() <= kMaxShards, ErrorCode::kMalformed, index.string(), ": ", shards.size(), " shards; at most ",
          kMaxShards, " are allowed");
  return shards;
}

/// Each tensor must lie in the shard that the index names, once, and the index must name every tensor.
void check_against_index(const RawTensors& found, const WeightMap& map, const fs::path& index) {
  std::set<std::string> seen;
  for (const TensorView& tensor : found.tensors) {
    const std::string place = tensor.file.string() + ": tensor '" + printable(tensor.name) + "' ";
    const auto entry = map.find(tensor.name);
    require(entry != map.end(), ErrorCode::kMalformed, place, "is not in ", index.filename().string());
    require(entry->second == tensor.file.filename(), ErrorCode::kMalformed, place, "should be in ", entry->second,
            " as ", index.filename().string(), " says");
    seen.insert(tensor.name);
  }
  for (const auto& [name, file] : map) {
    require(seen.contains(name), ErrorCode::kMalformed, (index.parent_path() / file).string(), ": tensor '",
            printable(name), "' is missing, which ", index.filename().string(), " places there");
  }
}

RawTensors open_sharded(const ModelRoot& root, const fs::path& folder, const std::string& stem) {
  const fs::path relative = folder / (stem + kExtension + ".index.json");
  const fs::path index = root.given() / relative;
  const WeightMap map = read_weight_map(index, root.resolve(relative));
  const std::set<std::string> shards = shard_names(map, index);
  for (const std::string& name : root.list(folder)) {
    require(!looks_like_shard(name, stem) || shards.contains(name), ErrorCode::kMalformed,
            (root.given() / folder / name).string(), ": a shard that ", index.filename().string(), " does not name");
  }
  RawTensors out{root.given() / folder, {}};
  for (const std::string& shard : shards) {
    const fs::path shown = root.given() / folder / shard;
    require(root.has(folder / shard), ErrorCode::kMalformed, shown.string(), ": missing, but ",
            index.filename().string(), " names it");
    append(out, shown, root.resolve(folder / shard));
  }
  check_against_index(out, map, index);
  return out;
}

[[noreturn]] void refuse_folder(const ModelRoot& root, const fs::path& folder, const std::string& stem) {
  const std::string shown = (root.given() / folder).string();
  for (const std::string& name : root.list(folder)) {
    const fs::path extension = fs::path(name).extension();
    const bool pickle = extension == ".bin" || extension == ".pth" || extension == ".pt" || extension == ".ckpt";
    require(!pickle, ErrorCode::kUsage, shown, ": weights only as pickle (", printable(name),
            "), which wean does not read; convert them to safetensors");
  }
  fail(ErrorCode::kIo, shown, ": neither ", stem, kExtension, " nor its .index.json is there");
}

}  // namespace

RawTensors open_folder(const ModelRoot& root, const fs::path& folder, const std::string& stem) {
  const bool single = root.has(folder / (stem + kExtension));
  const bool sharded = root.has(folder / (stem + kExtension + ".index.json"));
  require(!single || !sharded, ErrorCode::kMalformed, (root.given() / folder).string(), ": both ", stem, kExtension,
          " and an index of shards are there; keep the one that belongs to this model");
  if (sharded) return open_sharded(root, folder, stem);
  if (!single) refuse_folder(root, folder, stem);
  RawTensors out{root.given() / folder, {}};
  append(out, root.given() / folder / (stem + kExtension), root.resolve(folder / (stem + kExtension)));
  return out;
}

std::shared_ptr<const TensorSet> share(RawTensors raw) {
  return std::make_shared<const TensorSet>(std::move(raw.where), std::move(raw.tensors));
}

RawTensors open_single(const fs::path& path) {
  RawTensors out{path, {}};
  append(out, path, path);
  return out;
}

}  // namespace wean::models
