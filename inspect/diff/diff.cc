#include "inspect/diff/diff.h"

#include <algorithm>

#include "common/base/error.h"

namespace wean::inspect {
namespace {

const Field* find(const Fields& fields, const std::string& name) {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

std::string text_of(const Field* field) { return field == nullptr ? "" : to_exact_string(field->value); }

}  // namespace

bool Difference::same() const {
  const auto differs = [](const MaskOverlap& overlap) { return overlap.differing > 0; };
  return fields.empty() && values.empty() && note.empty() && std::none_of(overlaps.begin(), overlaps.end(), differs);
}

std::vector<FieldDifference> diff_fields(const Fields& a, const Fields& b) {
  std::vector<FieldDifference> differences;
  for (const Field& field : a) {
    const Field* other = find(b, field.name);
    if (other == nullptr || *other != field)
      differences.push_back({field.name, to_exact_string(field.value), text_of(other)});
  }
  for (const Field& field : b) {
    if (find(a, field.name) == nullptr) differences.push_back({field.name, "", to_exact_string(field.value)});
  }
  return differences;
}

Difference diff_files(const std::filesystem::path& a, const std::filesystem::path& b) {
  const Kind kind = detect_kind(a);
  const Kind other = detect_kind(b);
  require(kind == other, ErrorCode::kUsage, "diff: ", a.string(), " is a ", to_string(kind), " file, ", b.string(),
          " is a ", to_string(other), " file; they must be of one kind");
  require(kind != Kind::kShard, ErrorCode::kUsage, "diff: ", a.string(),
          " is a shard; merge shards and compare profiles");
  Difference difference;
  difference.kind = kind;
  difference.a = a;
  difference.b = b;
  if (kind == Kind::kMasks) diff_masks(difference);
  if (kind == Kind::kPlan) diff_plans(difference);
  if (kind == Kind::kProfile) diff_profiles(difference);
  return difference;
}

}  // namespace wean::inspect
