#include "schemas/h5/walk.h"

#include <algorithm>
#include <array>

#include "common/base/checked.h"

namespace wean::h5 {
namespace {

constexpr hsize_t kMaxLinks = 64;
constexpr hsize_t kMaxAttributes = 64;
constexpr std::size_t kMaxName = 64;
constexpr int kMaxRank = 8;
constexpr std::array kAllTypes = {Type::kU8, Type::kI8, Type::kU16, Type::kU32, Type::kF32, Type::kF64};
constexpr auto kBad = ErrorCode::kMalformed;

std::string link_name(const File& file, hsize_t index) {
  std::array<char, kMaxName + 2> name{};
  const ssize_t length =
      H5Lget_name_by_idx(file.id(), ".", H5_INDEX_NAME, H5_ITER_INC, index, name.data(), name.size(), H5P_DEFAULT);
  require(length > 0, kBad, file.name(), ": link ", index, ": ", last_error());
  require(static_cast<std::size_t>(length) <= kMaxName, kBad, file.name(), ": link ", index, ": name of ", length,
          " bytes; at most ", kMaxName, " are allowed");
  return name.data();
}

void check_link(const File& file, const std::string& name) {
  H5L_info_t link = {};
  check(H5Lget_info(file.id(), name.c_str(), &link, H5P_DEFAULT), kBad, file.name(), ": link '", name, "'");
  require(link.type == H5L_TYPE_HARD, kBad, file.name(), ": link '", name,
          "' is soft or external; only hard links are allowed");
  H5O_info_t object = {};
  check(H5Oget_info_by_name2(file.id(), name.c_str(), &object, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS, H5P_DEFAULT), kBad,
        file.name(), ": object '", name, "'");
  require(object.type == H5O_TYPE_DATASET, kBad, file.name(), ": object '", name,
          "' is no dataset; only datasets are allowed");
  require(object.rc == 1, kBad, file.name(), ": dataset '", name, "' has ", object.rc, " links; one is allowed");
  require(object.num_attrs == 0, kBad, file.name(), ": dataset '", name, "' has attributes; none are allowed");
}

Type dataset_type(hid_t dataset, const std::string& where) {
  const Handle type = own(H5Dget_type(dataset), H5Tclose, kBad, where);
  require(H5Tcommitted(type.get()) == 0, kBad, where, ": named data type; only plain ones are allowed");
  for (const Type candidate : kAllTypes) {
    if (H5Tequal(type.get(), h5_type(candidate)) > 0) return candidate;
  }
  fail(kBad, where, ": data type of class ", H5Tget_class(type.get()), " and ", H5Tget_size(type.get()),
       " bytes; allowed are little-endian uint8, int8, uint16, uint32, float32 and float64");
}

Shape dataset_dims(hid_t dataset, const std::string& where) {
  const Handle space = own(H5Dget_space(dataset), H5Sclose, kBad, where);
  require(H5Sget_simple_extent_type(space.get()) == H5S_SIMPLE, kBad, where, ": no array");
  const int rank = H5Sget_simple_extent_ndims(space.get());
  require(rank >= 1 && rank <= kMaxRank, kBad, where, ": rank ", rank, "; allowed are 1 to ", kMaxRank);
  std::array<hsize_t, kMaxRank> dims{}, max{};
  H5Sget_simple_extent_dims(space.get(), dims.data(), max.data());
  require(dims == max, kBad, where, ": resizable; its size must be fixed");
  const Shape shape(dims.begin(), dims.begin() + rank);
  require(std::find(shape.begin(), shape.end(), 0) == shape.end(), kBad, where, ": shape ", to_string(shape),
          " holds nothing");
  return shape;
}

/// Layout, filters and storage; returns the chunk shape.
Shape dataset_chunk(hid_t dataset, std::size_t rank, const std::string& where) {
  const Handle list = own(H5Dget_create_plist(dataset), H5Pclose, kBad, where);
  require(H5Pget_layout(list.get()) == H5D_CHUNKED, kBad, where, ": not chunked (compact, contiguous or virtual)");
  require(H5Pget_external_count(list.get()) == 0, kBad, where, ": stored in external files");
  const int filters = H5Pget_nfilters(list.get());
  require(filters == 1, kBad, where, ": ", filters, " filters; Fletcher32 alone is allowed");
  unsigned flags = 0, config = 0;
  std::size_t values = 0;
  const H5Z_filter_t filter = H5Pget_filter2(list.get(), 0, &flags, &values, nullptr, 0, nullptr, &config);
  require(filter == H5Z_FILTER_FLETCHER32, kBad, where, ": filter ", filter, "; Fletcher32 alone is allowed");
  std::array<hsize_t, kMaxRank> chunk{};
  require(H5Pget_chunk(list.get(), kMaxRank, chunk.data()) == static_cast<int>(rank), kBad, where, ": chunk rank");
  return {chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(rank)};
}

/// Steps `offset` to the next chunk in row-major order; false after the last.
bool next_chunk(const DatasetSpec& spec, Shape& offset) {
  for (std::size_t i = offset.size(); i-- > 0;) {
    offset[i] += spec.chunk[i];
    if (offset[i] < spec.dims[i]) return true;
    offset[i] = 0;
  }
  return false;
}

/// HDF5 trusts the stored size of a chunk when it copies out of it, so each one is compared with what it must be.
void check_chunks(hid_t dataset, const File& file, const DatasetSpec& spec, const std::string& where) {
  constexpr std::uint64_t kChecksumBytes = 4;
  const std::uint64_t chunk_bytes = elements(spec.chunk, where) * size_of(spec.type) + kChecksumBytes;
  Shape counts;
  for (std::size_t i = 0; i < spec.dims.size(); ++i) counts.push_back(ceil_div(spec.dims[i], spec.chunk[i]));
  const auto total = checked_mul(elements(counts, where), chunk_bytes);
  require(total.has_value() && *total <= file.bytes(), kBad, where, ": shape ", to_string(spec.dims),
          " needs more bytes than the file's ", file.bytes());
  Shape offset(spec.dims.size(), 0);
  do {
    // Messages are made on failure alone: a profile has tens of thousands of chunks.
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(dataset, reinterpret_cast<const hsize_t*>(offset.data()), &bytes) < 0) {
      fail(kBad, where, ": chunk at ", to_string(offset), ": ", last_error());
    }
    if (bytes != chunk_bytes) {
      fail(kBad, where, ": chunk at ", to_string(offset), " has ", bytes, " bytes instead of ", chunk_bytes);
    }
  } while (next_chunk(spec, offset));
}

DatasetSpec look_at_dataset(const File& file, const std::string& name) {
  const std::string where = file.name() + ": dataset '" + name + "'";
  const Handle dataset = own(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT), H5Dclose, kBad, where);
  DatasetSpec spec{name, dataset_type(dataset.get(), where), dataset_dims(dataset.get(), where), {}};
  spec.chunk = dataset_chunk(dataset.get(), spec.dims.size(), where);
  for (std::size_t i = 0; i < spec.dims.size(); ++i) {
    require(spec.chunk[i] >= 1 && spec.chunk[i] <= spec.dims[i], kBad, where, ": chunk ", to_string(spec.chunk),
            " does not fit shape ", to_string(spec.dims));
  }
  check_chunks(dataset.get(), file, spec, where);
  return spec;
}

Value text_value(hid_t attribute, hid_t type, const std::string& where) {
  require(H5Tis_variable_str(type) == 0, kBad, where, ": variable-length text; only fixed-length is allowed");
  const std::size_t bytes = H5Tget_size(type);
  require(bytes >= 1 && bytes <= kMaxText, kBad, where, ": text of ", bytes, " bytes; at most ", kMaxText,
          " are allowed");
  require(H5Tget_strpad(type) == H5T_STR_NULLPAD && H5Tget_cset(type) == H5T_CSET_UTF8, kBad, where,
          ": text must be UTF-8 padded with NUL");
  std::string text(bytes, '\0');
  check(H5Aread(attribute, type, text.data()), kBad, where);
  text.resize(std::min(text.size(), text.find_last_not_of('\0') + 1));
  require(text.find('\0') == std::string::npos, kBad, where, ": text with a NUL character inside");
  return text;
}

Value attribute_value(hid_t attribute, const std::string& where) {
  const Handle space = own(H5Aget_space(attribute), H5Sclose, kBad, where);
  require(H5Sget_simple_extent_type(space.get()) == H5S_SCALAR, kBad, where, ": not a scalar");
  const Handle type = own(H5Aget_type(attribute), H5Tclose, kBad, where);
  if (H5Tget_class(type.get()) == H5T_STRING) return text_value(attribute, type.get(), where);
  if (H5Tequal(type.get(), H5T_STD_U64LE) > 0) {
    std::uint64_t value = 0;
    check(H5Aread(attribute, H5T_STD_U64LE, &value), kBad, where);
    return value;
  }
  require(H5Tequal(type.get(), H5T_IEEE_F64LE) > 0, kBad, where, ": allowed are uint64, float64 and text");
  double value = 0;
  check(H5Aread(attribute, H5T_IEEE_F64LE, &value), kBad, where);
  return value;
}

Attribute look_at_attribute(const File& file, hsize_t index) {
  const std::string where = file.name() + ": attribute " + std::to_string(index);
  const hid_t id = H5Aopen_by_idx(file.id(), ".", H5_INDEX_NAME, H5_ITER_INC, index, H5P_DEFAULT, H5P_DEFAULT);
  const Handle attribute = own(id, H5Aclose, kBad, where);
  std::array<char, kMaxName + 2> name{};
  const ssize_t length = H5Aget_name(attribute.get(), name.size(), name.data());
  require(length > 0 && static_cast<std::size_t>(length) <= kMaxName, kBad, where, ": name of ", length,
          " bytes; allowed are 1 to ", kMaxName);
  return {name.data(), attribute_value(attribute.get(), file.name() + ": attribute '" + name.data() + "'")};
}

/// The container version that this code was written for: one layout of metadata, all of it with checksums.
void check_superblock(const File& file) {
  constexpr unsigned kVersion = 3;
  H5F_info2_t info = {};
  check(H5Fget_info2(file.id(), &info), kBad, file.name(), ": superblock");
  require(info.super.version == kVersion && info.super.super_ext_size == 0, kBad, file.name(), ": superblock version ",
          info.super.version, " with an extension of ", info.super.super_ext_size, " bytes; allowed is version ",
          kVersion, " without extension");
  const Handle list = own(H5Fget_create_plist(file.id()), H5Pclose, kBad, file.name());
  hsize_t user_block = 0;
  check(H5Pget_userblock(list.get(), &user_block), kBad, file.name());
  require(user_block == 0, kBad, file.name(), ": user block of ", user_block, " bytes; none is allowed");
}

}  // namespace

Inventory walk(const File& file) {
  const Session session;
  Inventory inventory;
  inventory.where = file.name();
  check_superblock(file);
  H5O_info_t root = {};
  check(H5Oget_info2(file.id(), &root, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS), kBad, file.name(), ": root group");
  H5G_info_t group = {};
  check(H5Gget_info(file.id(), &group), kBad, file.name(), ": root group");
  require(group.nlinks <= kMaxLinks, kBad, file.name(), ": ", group.nlinks, " links; at most ", kMaxLinks,
          " are allowed");
  require(root.num_attrs <= kMaxAttributes, kBad, file.name(), ": ", root.num_attrs, " attributes; at most ",
          kMaxAttributes, " are allowed");
  for (hsize_t i = 0; i < root.num_attrs; ++i) inventory.attributes.push_back(look_at_attribute(file, i));
  for (hsize_t i = 0; i < group.nlinks; ++i) {
    const std::string name = link_name(file, i);
    check_link(file, name);
    inventory.datasets.push_back(look_at_dataset(file, name));
  }
  return inventory;
}

}  // namespace wean::h5
