#include "schemas/profile/kind.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "schemas/h5/child.h"
#include "schemas/profile/fields.h"
#include "schemas/profile/meta.h"

namespace wean {
namespace {

constexpr std::array<char, 8> kSignature = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};

std::string kind_of(const std::filesystem::path& path) {
  const h5::Session session;
  const h5::Inventory found = h5::walk(h5::File::open(path));
  return h5::AttributeReader(found).text("kind");
}

}  // namespace

bool is_hdf5(const std::filesystem::path& path) {
  // Asked first: opening a pipe would wait for its writer.
  require(!std::filesystem::exists(path) || std::filesystem::is_regular_file(path), ErrorCode::kIo, path.string(),
          ": not a regular file");
  std::ifstream file(path, std::ios::binary);
  require(file.is_open(), ErrorCode::kIo, path.string(), ": cannot open: ", std::strerror(errno));
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  return file && start == kSignature;
}

H5Kind h5_kind(const std::filesystem::path& path) {
  h5::walk_in_child(path, [&] { static_cast<void>(kind_of(path)); });
  const std::string kind = kind_of(path);
  if (kind == kProfileKind) return H5Kind::kProfile;
  if (kind == kShardKind) return H5Kind::kShard;
  require(kind == kPlanKind, ErrorCode::kMalformed, path.string(), ": kind '", kind.substr(0, 80), "'; allowed are ",
          kProfileKind, ", ", kShardKind, " and ", kPlanKind);
  return H5Kind::kPlan;
}

}  // namespace wean
