#include "models/files/model_root.h"

#include <algorithm>
#include <system_error>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxRef = 4096;

bool is_beneath(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \r\n")); }

}  // namespace

ModelRoot::ModelRoot(const fs::path& folder) : given_(folder) {
  std::error_code error;
  real_ = fs::canonical(folder, error);
  require(!error && fs::is_directory(real_), ErrorCode::kIo, folder.string(), ": not a folder");
  for (fs::path at = real_; at.has_relative_path(); at = at.parent_path()) {
    const fs::path above = at.parent_path();
    if (above.filename() == "snapshots") blobs_ = above.parent_path() / "blobs";
  }
}

bool ModelRoot::has(const fs::path& relative) const {
  std::error_code error;
  return fs::exists(fs::symlink_status(real_ / relative, error));
}

bool ModelRoot::has_folder(const fs::path& relative) const {
  std::error_code error;
  return fs::is_directory(real_ / relative, error);
}

fs::path ModelRoot::resolve(const fs::path& relative) const {
  std::error_code error;
  const fs::path target = fs::canonical(real_ / relative, error);
  require(!error, ErrorCode::kIo, (given_ / relative).string(), ": cannot open: ", error.message());
  const bool inside = is_beneath(target, real_);
  const bool blob = !blobs_.empty() && target.parent_path() == blobs_;
  require(inside || blob, ErrorCode::kMalformed, (given_ / relative).string(), ": leads to ", target.string(),
          ", outside of the model folder; allowed are files in the folder and a hub cache's links into its own blobs");
  return target;
}

std::vector<std::string> ModelRoot::list(const fs::path& relative) const {
  std::vector<std::string> names;
  const fs::path folder = resolve(relative);
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  require(!error, ErrorCode::kIo, (given_ / relative).string(), ": cannot list: ", error.message());
  std::ranges::sort(names);
  return names;
}

fs::path enter_hub_cache(const fs::path& folder) {
  if (!fs::is_directory(folder / "snapshots") || fs::exists(folder / "model_index.json")) return folder;
  const ModelRoot root(folder);
  const std::vector<std::string> snapshots = root.list("snapshots");
  require(!snapshots.empty(), ErrorCode::kUsage, folder.string(),
          ": a hub cache without a snapshot: snapshots/ is empty; download the model again");
  if (snapshots.size() == 1) return folder / "snapshots" / snapshots.front();
  const std::string main = root.has("refs/main") ? first_word(read_text(root.resolve("refs/main"), kMaxRef)) : "";
  const bool known = std::ranges::find(snapshots, main) != snapshots.end();
  require(known, ErrorCode::kUsage, folder.string(), ": a hub cache of ", snapshots.size(),
          " snapshots, and refs/main ", main.empty() ? "is not there" : "names none of them",
          "; give one of them, such as ", (folder / "snapshots" / snapshots.front()).string());
  return folder / "snapshots" / main;
}

void require_basename(const std::string& name, const std::string& where) {
  const bool plain = !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
                     name.find_first_of("/\\") == std::string::npos && !has_control_character(name);
  require(plain, ErrorCode::kMalformed, where, "'", printable(name), "'; one plain file name is allowed");
}

}  // namespace wean::models
