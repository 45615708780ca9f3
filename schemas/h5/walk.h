// The checks that make a foreign HDF5 file safe to read: what is in it, in wean's subset, bounded before allocation.
#pragma once
#include <vector>

#include "common/base/digest.h"
#include "schemas/h5/container.h"

namespace wean::h5 {

/// Everything a file holds, by name; the attributes with their values.
struct Inventory {
  std::vector<DatasetSpec> datasets;
  std::vector<Attribute> attributes;
  std::string where;  ///< the file's name for messages
};

/// Looks at every object of the file. Throws kMalformed naming the object unless all of this holds: the superblock has
/// version 3 (metadata with checksums), neither extension nor user block; the root group has
/// only hard links, each to a dataset of its own; datasets are chunked, filtered by Fletcher32 alone, of a type of
/// `Type`, with fixed sizes, without attributes, external storage or virtual sources; every chunk is allocated with its
/// full size; root attributes are scalars of the types of `Value`. Reads attribute values, no dataset.
[[nodiscard]] Inventory walk(const File& file);

/// Throws kMalformed when a dataset is missing, surplus, or has another type, shape or chunk than expected.
void check_datasets(const Inventory& found, const std::vector<DatasetSpec>& expected);

/// Typed access to attributes that must be there; `finish` throws kMalformed when one was never asked for (unknown).
class AttributeReader {
 public:
  explicit AttributeReader(const Inventory& inventory);
  [[nodiscard]] std::uint64_t integer(const std::string& name, std::uint64_t min, std::uint64_t max);
  /// Finite and in [min, max].
  [[nodiscard]] double number(const std::string& name, double min, double max);
  [[nodiscard]] std::string text(const std::string& name);
  /// Text of 64 lower-case hexadecimal digits.
  [[nodiscard]] Digest digest(const std::string& name);
  void finish() const;

 private:
  const Value& find(const std::string& name);
  [[nodiscard]] std::string where(const std::string& name) const;
  const Inventory& inventory_;
  std::vector<bool> asked_;
};

/// The dataset called `name`, which must have one dimension, or two with `width` columns, and a type of its own.
[[nodiscard]] const DatasetSpec& find_dataset(const Inventory& found, const std::string& name, Type type,
                                              std::uint64_t width = 0);

}  // namespace wean::h5
