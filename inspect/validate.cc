#include "inspect/validate.h"

#include "schemas/masks/masks.h"
#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"
#include "schemas/profile/shard.h"

namespace wean::inspect {
namespace {

/// Proves the file and says what that was.
std::string prove(Kind kind, const std::filesystem::path& path) {
  switch (kind) {
    case Kind::kMasks:
      MaskReader(path, VerifyMode::kFull).validate();
      return "header, tables, every payload's hash, slots, counts and unused bits, densities";
    case Kind::kPlan:
      static_cast<void>(read_plan(path));
      return "structure, order and range of every row, phases, steps, global density from the rows";
    case Kind::kProfile:
      ProfileReader(path).validate();
      return "structure, digest of every slab, range of every number";
    case Kind::kShard:
      break;
  }
  ShardReader(path).validate();
  return "structure, digest of every slab, range of every number";
}

}  // namespace

Validation validate_file(const std::filesystem::path& path) {
  const Kind kind = detect_kind(path);
  return {kind, path, std::filesystem::file_size(path), prove(kind, path)};
}

}  // namespace wean::inspect
