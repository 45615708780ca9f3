// The folder of a checkpoint, which nothing in it may lead out of.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace wean::models {

/// Resolves names inside a model folder. Symbolic links are followed only when they end inside the folder or, for a
/// folder at or below `<repository>/snapshots/<revision>` of a hub cache, directly in `<repository>/blobs`.
class ModelRoot {
 public:
  /// `folder` is what the user gave, and may itself be reached through links. Throws kIo when it is not a folder.
  explicit ModelRoot(const std::filesystem::path& folder);

  /// The folder as the user wrote it, for messages.
  [[nodiscard]] const std::filesystem::path& given() const noexcept { return given_; }
  /// True when something is there under this name (a dangling link counts).
  [[nodiscard]] bool has(const std::filesystem::path& relative) const;
  /// True for a folder.
  [[nodiscard]] bool has_folder(const std::filesystem::path& relative) const;
  /// Real path of a file to open. Throws kMalformed when it leads out of the folder, kIo when it leads nowhere.
  [[nodiscard]] std::filesystem::path resolve(const std::filesystem::path& relative) const;
  /// Names in a sub-folder, sorted.
  [[nodiscard]] std::vector<std::string> list(const std::filesystem::path& relative) const;

 private:
  std::filesystem::path given_;
  std::filesystem::path real_;
  std::filesystem::path blobs_;  ///< empty when this is no hub cache
};

/// The snapshot that the outer folder of a hub cache (`models--org--name`, with snapshots/ inside) stands for: its only
/// one, else the one that refs/main names. Any other folder is returned as it is. Throws kUsage saying what is missing
/// or which snapshots there are.
[[nodiscard]] std::filesystem::path enter_hub_cache(const std::filesystem::path& folder);

/// Throws kMalformed unless `name` is one plain file name: no '/', no '\', not "." or "..", no control characters, 1 to
/// 255 bytes. `where` begins the message.
void require_basename(const std::string& name, const std::string& where);

}  // namespace wean::models
