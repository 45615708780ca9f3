#include "extract/run_folder.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/manifest.h"
#include "extract/manifest.h"

namespace wean::extract {
namespace {

constexpr const char* kManifest = "manifest.txt";

std::string manifest_of(const ProfileMeta& meta, const std::vector<Prompt>& prompts) {
  std::string text = run_manifest(meta);
  for (std::size_t i = 0; i < prompts.size(); ++i)
    text += "prompt " + std::to_string(i) + ": " + to_hex(prompts[i].digest) + "\n";
  return text;
}

void remove_run(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".lock") std::filesystem::remove(entry.path());
  }
}

/// Publishes the manifest; when a sibling was faster, theirs stands and is compared by the caller.
void publish_manifest(const std::filesystem::path& path, const std::string& text) {
  try {
    publish_text(path, text, Overwrite::kRefuse);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
  }
}

}  // namespace

RunFolder::RunFolder(const ExtractOptions& options, const ProfileMeta& meta, const std::vector<Prompt>& prompts)
    : path_(options.output.string() + ".shards") {
  std::error_code problem;
  std::filesystem::create_directories(path_, problem);
  require(!problem, ErrorCode::kIo, path_.string(), ": cannot create the folder: ", problem.message());
  const std::string part = std::to_string(options.shard_index) + "-of-" + std::to_string(options.shard_count);
  lock_ = std::make_unique<WriterLock>(path_ / part);
  const std::filesystem::path manifest = path_ / kManifest;
  if (options.force && !options.resume && options.shard_count == 1) remove_run(path_);
  const bool join = options.resume || options.shard_count > 1;
  require(join || !std::filesystem::exists(manifest), ErrorCode::kUsage, path_.string(),
          ": holds an earlier run; --resume continues it, --force starts again");
  const std::string text = manifest_of(meta, prompts);
  publish_manifest(manifest, text);
  const std::string difference = describe_difference(read_text(manifest, std::uint64_t{64} << 20), text);
  require(difference.empty(), ErrorCode::kResume, manifest.string(), ": this is another run: ", difference);
}

std::filesystem::path RunFolder::shard_path(const Digest& prompt) const { return path_ / (to_hex(prompt) + ".h5"); }

void RunFolder::remove_leftovers(const Digest& prompt) const {
  std::string prefix = to_hex(prompt);
  prefix.insert(prefix.begin(), '.');
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().filename().string().starts_with(prefix)) std::filesystem::remove(entry.path());
  }
}

}  // namespace wean::extract
