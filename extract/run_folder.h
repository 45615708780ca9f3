// "<output>.shards/": an immutable manifest and one published shard a prompt. What makes kill and resume safe.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "common/base/file.h"
#include "common/base/prompts.h"
#include "extract/extract.h"

namespace wean::extract {

/// The folder of one run, locked for this shard index while the object lives.
class RunFolder {
 public:
  /// Creates the folder and its manifest, or joins an existing one: --resume (or a sibling of a sharded run) with the
  /// same manifest, --force starts again. Throws kUsage when it exists and neither was given, kResume naming the first
  /// difference when the manifest is another one, kLocked when this shard index is being written by another process.
  RunFolder(const ExtractOptions& options, const ProfileMeta& meta, const std::vector<Prompt>& prompts);
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path shard_path(const Digest& prompt) const;
  /// Removes temporaries that a killed run of this shard index left for `prompt`.
  void remove_leftovers(const Digest& prompt) const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<WriterLock> lock_;
};

}  // namespace wean::extract
