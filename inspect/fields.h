// What a file says about itself, as named values: shown by `show`, compared by `diff`.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "schemas/masks/masks.h"
#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::inspect {

using FieldValue = std::variant<std::string, std::uint64_t, double, bool>;

struct Field {
  std::string name;
  FieldValue value;
  bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

/// Doubles with six digits, digests whole.
[[nodiscard]] std::string to_string(const FieldValue& value);
/// Doubles with all digits that they need, so that values which differ look different.
[[nodiscard]] std::string to_exact_string(const FieldValue& value);

/// Everything but bits, rows and statistics; phases as one field each.
[[nodiscard]] Fields fields_of(const MaskMeta& meta);
[[nodiscard]] Fields fields_of(const Plan& plan);
[[nodiscard]] Fields fields_of(const ProfileMeta& meta);

/// "128x64".
[[nodiscard]] std::string block_text(const BlockGeometry& geometry);

}  // namespace wean::inspect
