#include <algorithm>
#include <cmath>

#include "schemas/h5/walk.h"

namespace wean::h5 {
namespace {

constexpr auto kBad = ErrorCode::kMalformed;

const DatasetSpec& find_by_name(const Inventory& found, const std::string& name) {
  const auto at = std::find_if(found.datasets.begin(), found.datasets.end(),
                               [&](const DatasetSpec& dataset) { return dataset.name == name; });
  require(at != found.datasets.end(), kBad, found.where, ": dataset '", name, "' is missing");
  return *at;
}

void check_type(const DatasetSpec& found, Type expected, const std::string& where) {
  require(found.type == expected, kBad, where, ": dataset '", found.name, "' has type ", to_string(found.type),
          "; it must be ", to_string(expected));
}

}  // namespace

void check_datasets(const Inventory& found, const std::vector<DatasetSpec>& expected) {
  for (const DatasetSpec& spec : expected) {
    const DatasetSpec& dataset = find_by_name(found, spec.name);
    check_type(dataset, spec.type, found.where);
    require(dataset.dims == spec.dims, kBad, found.where, ": dataset '", spec.name, "' has shape ",
            to_string(dataset.dims), "; it must be ", to_string(spec.dims));
    require(dataset.chunk == spec.chunk, kBad, found.where, ": dataset '", spec.name, "' has chunks of ",
            to_string(dataset.chunk), "; they must be ", to_string(spec.chunk));
  }
  for (const DatasetSpec& dataset : found.datasets) {
    const bool known = std::any_of(expected.begin(), expected.end(),
                                   [&](const DatasetSpec& spec) { return spec.name == dataset.name; });
    require(known, kBad, found.where, ": unknown dataset '", dataset.name, "'");
  }
}

const DatasetSpec& find_dataset(const Inventory& found, const std::string& name, Type type, std::uint64_t width) {
  const DatasetSpec& dataset = find_by_name(found, name);
  check_type(dataset, type, found.where);
  const std::size_t rank = width == 0 ? 1 : 2;
  require(dataset.dims.size() == rank && (width == 0 || dataset.dims[1] == width), kBad, found.where, ": dataset '",
          name, "' has shape ", to_string(dataset.dims), "; it must be [n", width == 0 ? "" : ", ",
          width == 0 ? "" : std::to_string(width), "]");
  require(dataset.chunk == dataset.dims, kBad, found.where, ": dataset '", name, "' must be one chunk");
  return dataset;
}

AttributeReader::AttributeReader(const Inventory& inventory)
    : inventory_(inventory), asked_(inventory.attributes.size(), false) {}

std::string AttributeReader::where(const std::string& name) const {
  return inventory_.where + ": attribute '" + name + "'";
}

const Value& AttributeReader::find(const std::string& name) {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    if (inventory_.attributes[i].name != name) continue;
    asked_[i] = true;
    return inventory_.attributes[i].value;
  }
  fail(kBad, where(name), " is missing");
}

std::uint64_t AttributeReader::integer(const std::string& name, std::uint64_t min, std::uint64_t max) {
  const auto* value = std::get_if<std::uint64_t>(&find(name));
  require(value != nullptr, kBad, where(name), " is no uint64");
  require(*value >= min && *value <= max, kBad, where(name), ": ", *value, "; allowed are ", min, " to ", max);
  return *value;
}

double AttributeReader::number(const std::string& name, double min, double max) {
  const auto* value = std::get_if<double>(&find(name));
  require(value != nullptr, kBad, where(name), " is no float64");
  require(*value >= min && *value <= max, kBad, where(name), ": ", *value, "; allowed are ", min, " to ", max);
  return *value;
}

std::string AttributeReader::text(const std::string& name) {
  const auto* value = std::get_if<std::string>(&find(name));
  require(value != nullptr, kBad, where(name), " is no text");
  return *value;
}

Digest AttributeReader::digest(const std::string& name) {
  const std::string hex = text(name);
  const bool allowed = hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  require(allowed, kBad, where(name), ": '", hex.substr(0, 80), "'; allowed are 64 lower-case hexadecimal digits");
  return digest_from_hex(hex);
}

void AttributeReader::finish() const {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    require(asked_[i], kBad, inventory_.where, ": unknown attribute '", inventory_.attributes[i].name, "'");
  }
}

}  // namespace wean::h5
