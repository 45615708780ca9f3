// How two files of the same kind differ.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inspect/fields.h"
#include "inspect/kind.h"

namespace wean::inspect {

struct FieldDifference {
  std::string name, a, b;  ///< empty: the file has no such field
};

/// Masks of one phase and layer compared, means over branches and heads.
struct MaskOverlap {
  std::uint32_t phase = 0, layer = 0;  ///< layer counts over the experts
  double iou = 1;                      ///< kept by both / kept by any, in pairs
  double density_a = 0, density_b = 0;
  std::uint64_t differing = 0;  ///< heads
};

/// One quantity of rows or statistics that differs somewhere.
struct ValueDifference {
  std::string name;               ///< "keep", "mass"
  std::uint64_t count = 0;        ///< values that differ
  std::optional<double> largest;  ///< largest absolute difference; none where values are names (rule, score, scope)
  std::string where;              ///< of the largest one, of names the first that differs
};

struct Difference {
  Kind kind = Kind::kMasks;
  std::filesystem::path a, b;
  std::vector<FieldDifference> fields;
  std::vector<ValueDifference> values;
  std::vector<MaskOverlap> overlaps;  ///< masks of the same shape: every phase and layer
  std::string note;                   ///< why content was not compared, if it was not
  [[nodiscard]] bool same() const;
};

/// Fields of either list whose values differ, in order.
[[nodiscard]] std::vector<FieldDifference> diff_fields(const Fields& a, const Fields& b);

void diff_masks(Difference& difference);
void diff_plans(Difference& difference);
void diff_profiles(Difference& difference);

/// Throws kUsage when the files are of different kinds or shards, and what the readers throw.
[[nodiscard]] Difference diff_files(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace wean::inspect
