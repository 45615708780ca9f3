#include "extract/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "common/base/error.h"
#include "common/base/manifest.h"
#include "extract/manifest.h"
#include "schemas/profile/shard.h"

namespace wean::extract {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.txt";
constexpr const char* kPromptLine = "prompt ";
constexpr const char* kNoPromptLine = "no prompt: ";
constexpr std::uint64_t kMaxManifest = std::uint64_t{64} << 20;

bool is_hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// "<digest>.h5", or ".<digest>.h5.<anything>" of a shard that was being written.
bool is_shard(std::string_view name) { return name.ends_with(".h5") && is_hex(name.substr(0, name.size() - 3)); }
bool is_temporary(std::string_view name) {
  return name.size() > 68 && name.front() == '.' && is_hex(name.substr(1, 64)) && name.substr(65, 4) == ".h5.";
}

template <typename Visit>
void for_each_name(const fs::path& folder, const Visit& visit) {
  for (const auto& entry : fs::directory_iterator(folder)) visit(entry.path().filename().string(), entry.path());
}

bool holds_run(const fs::path& folder) {
  bool holds = false;
  for_each_name(folder,
                [&](const std::string& name, const fs::path&) { holds |= name == kManifest || is_shard(name); });
  return holds;
}

/// Our own files alone, the manifest last: a kill in between leaves a run that says what it is.
void remove_run(const fs::path& folder) {
  for_each_name(folder, [](const std::string& name, const fs::path& path) {
    if (is_shard(name) || is_temporary(name)) fs::remove(path);
  });
  fs::remove(folder / kManifest);
}

/// Throws kLocked when a process works in `folder` that is no sibling of this one. Siblings share "-of-<n>"; the
/// others' locks are tried, and stale ones vanish that way.
void refuse_strangers(const fs::path& folder, const std::string& own, const std::string& siblings) {
  std::vector<fs::path> strangers;
  for_each_name(folder, [&](const std::string& name, const fs::path& path) {
    const bool lock = name.ends_with(".lock") && name.find("-of-") != std::string::npos;
    const bool sibling = !siblings.empty() && name.ends_with(siblings + ".lock");
    if (lock && name != own + ".lock" && !sibling) strangers.push_back(path);
  });
  for (const fs::path& lock : strangers) const WriterLock probe(fs::path(lock).replace_extension());
}

/// Publishes the manifest; when a sibling was faster, theirs stands and is compared by the caller.
void publish_manifest(const fs::path& path, const std::string& text) {
  try {
    publish_text(path, text, Overwrite::kRefuse);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
  }
}

}  // namespace

std::string manifest_text(const ProfileMeta& meta, const RunText& text) {
  std::string lines = run_manifest(meta);
  if (text.no_prompt) lines += fmt::format("{}embedding {}\n", kNoPromptLine, to_hex(*text.no_prompt));
  for (std::size_t i = 0; i < text.prompts.size(); ++i)
    lines += fmt::format("{}{}: {}, embedding {}\n", kPromptLine, i, to_hex(text.prompts[i].digest),
                         to_hex(text.embeddings[i]));
  return lines;
}

RunFolder::RunFolder(const ExtractOptions& options, const ProfileMeta& meta, const RunText& text)
    : path_(options.output.string() + ".shards"), run_(run_manifest(meta)) {
  std::error_code problem;
  fs::create_directories(path_, problem);
  require(!problem, ErrorCode::kIo, path_.string(), ": cannot create the folder: ", problem.message());
  const std::string siblings = fmt::format("-of-{}", options.shard_count);
  const std::string own = std::to_string(options.shard_index) + siblings;
  lock_ = std::make_unique<WriterLock>(path_ / own);
  const bool anew = options.force && !options.resume && options.shard_count == 1;
  refuse_strangers(path_, own, anew ? "" : siblings);
  if (anew) remove_run(path_);
  const bool join = options.resume || options.shard_count > 1;
  require(join || !holds_run(path_), ErrorCode::kUsage, path_.string(),
          ": holds an earlier run; --resume continues it, --force starts again");
  const fs::path manifest = path_ / kManifest;
  const std::string wanted = manifest_text(meta, text);
  publish_manifest(manifest, wanted);
  const std::string difference = describe_difference(read_text(manifest, kMaxManifest), wanted);
  require(difference.empty(), ErrorCode::kResume, manifest.string(), ": this is another run: ", difference);
}

fs::path RunFolder::shard_path(const Digest& prompt) const { return path_ / (to_hex(prompt) + ".h5"); }

bool RunFolder::has_shard(const Digest& prompt) const {
  const fs::path path = shard_path(prompt);
  if (!fs::exists(path)) return false;
  try {
    const ShardReader shard(path);
    const std::string difference = describe_difference(run_manifest(shard.meta()), run_);
    require(difference.empty(), ErrorCode::kResume, path.string(), ": a shard of another run: ", difference);
    require(shard.meta().prompts == std::vector<Digest>{prompt}, ErrorCode::kResume, path.string(), ": holds prompt ",
            short_hex(shard.meta().prompts.front()), "; its name says ", short_hex(prompt));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kResume) throw;
    fail(error.code(), error.what(), "; delete this shard and run again with --resume");
  }
  return true;
}

void RunFolder::remove_leftovers(const Digest& prompt) const {
  const std::string start = fmt::format(".{}", to_hex(prompt));
  for_each_name(path_, [&](const std::string& name, const fs::path& path) {
    if (is_temporary(name) && name.starts_with(start)) fs::remove(path);
  });
}

std::vector<std::string> missing_prompts(const std::vector<fs::path>& folders) {
  std::set<std::string> wanted, there;
  std::string no_prompt, first;
  for (const fs::path& folder : folders) {
    for_each_name(folder, [&](const std::string& name, const fs::path&) {
      if (is_shard(name)) there.insert(name.substr(0, 64));
    });
    if (!fs::exists(folder / kManifest)) continue;
    std::istringstream lines(read_text(folder / kManifest, kMaxManifest));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t colon = line.find(": ");
      if (line.starts_with(kPromptLine) && colon != std::string::npos) wanted.insert(line.substr(colon + 2, 64));
      if (!line.starts_with(kNoPromptLine)) continue;
      require(no_prompt.empty() || no_prompt == line, ErrorCode::kResume, (folder / kManifest).string(), ": '", line,
              "' against '", no_prompt, "' in ", first, ": the runs read other embeddings");
      if (no_prompt.empty()) no_prompt = line, first = folder.string();
    }
  }
  std::vector<std::string> missing;
  for (const std::string& prompt : wanted)
    if (!there.contains(prompt)) missing.push_back(prompt.substr(0, 16));
  return missing;
}

}  // namespace wean::extract
