// "<output>.shards/": an immutable manifest and one published shard a prompt. What makes kill and resume safe.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "common/base/prompts.h"
#include "extract/extract.h"

namespace wean::extract {

/// What a run samples: its prompts, and digests of the embeddings that the transformer reads for them.
struct RunText {
  std::vector<Prompt> prompts;
  std::vector<Digest> embeddings;   ///< one a prompt
  std::optional<Digest> no_prompt;  ///< of the unconditional pass, when there is one
};

/// The manifest's text: run_manifest(meta), then one line a prompt.
[[nodiscard]] std::string manifest_text(const ProfileMeta& meta, const RunText& text);

/// The folder of one run, locked for this shard index while the object lives.
class RunFolder {
 public:
  /// Creates the folder and its manifest, or joins an existing one: --resume (or a sibling of a sharded run) with the
  /// same manifest, --force starts again. Throws kUsage when it exists and neither was given, kResume naming the first
  /// difference when the manifest is another one, kLocked when another process works in it that is no sibling (the same
  /// shard index, another number of shards, or anybody when --force would remove shards).
  RunFolder(const ExtractOptions& options, const ProfileMeta& meta, const RunText& text);
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path shard_path(const Digest& prompt) const;
  /// True when the prompt's shard is there. Throws kResume when it is a shard of another run, and what ShardReader
  /// throws, with the advice to delete it, when it is damaged.
  [[nodiscard]] bool has_shard(const Digest& prompt) const;
  /// Removes temporaries that a killed run of this shard index left for `prompt`.
  void remove_leftovers(const Digest& prompt) const;

 private:
  std::filesystem::path path_;
  std::string run_;
  std::unique_ptr<WriterLock> lock_;
};

/// Prompts that the manifests in `folders` list and no folder has a shard of, as 16 hex digits. Folders without a
/// manifest list none. Throws kResume when two manifests disagree on the embedding of the unconditional pass.
[[nodiscard]] std::vector<std::string> missing_prompts(const std::vector<std::filesystem::path>& folders);

}  // namespace wean::extract
