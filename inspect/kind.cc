#include "inspect/kind.h"

#include <array>
#include <fstream>
#include <string_view>

#include "common/base/error.h"
#include "schemas/profile/kind.h"

namespace wean::inspect {
namespace {

constexpr std::string_view kMaskMagic("\x89WEAN", 5);

bool begins_as_masks(const std::filesystem::path& path) {
  std::array<char, kMaskMagic.size()> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == kMaskMagic;
}

}  // namespace

const char* to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::kMasks:
      return "masks";
    case Kind::kPlan:
      return "plan";
    case Kind::kProfile:
      return "profile";
    case Kind::kShard:
      break;
  }
  return "shard";
}

Kind detect_kind(const std::filesystem::path& path) {
  if (!is_hdf5(path)) {
    require(begins_as_masks(path), ErrorCode::kMalformed, path.string(),
            ": begins neither as a mask file nor as HDF5; inspected are profile.h5, plan.h5 and masks.wean");
    return Kind::kMasks;
  }
  switch (h5_kind(path)) {
    case H5Kind::kProfile:
      return Kind::kProfile;
    case H5Kind::kShard:
      return Kind::kShard;
    case H5Kind::kPlan:
      break;
  }
  return Kind::kPlan;
}

}  // namespace wean::inspect
