#include "schemas/h5/container.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/checked.h"

namespace wean::h5 {
namespace {

// Far above what any file of wean has in its root group, so that links and attributes stay in its header.
constexpr unsigned kMaxCompact = 1024;

struct TypeFacts {
  std::size_t size;
  const char* name;
};
constexpr TypeFacts kTypes[] = {{1, "uint8"},  {1, "int8"},    {2, "uint16"},
                                {4, "uint32"}, {4, "float32"}, {8, "float64"}};

const TypeFacts& facts(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

Handle access_list(const std::string& name) {
  Handle list = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, ErrorCode::kIo, name);
  check(H5Pset_fapl_sec2(list.get()), ErrorCode::kIo, name);
  check(H5Pset_libver_bounds(list.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), ErrorCode::kIo, name);
  check(H5Pset_fclose_degree(list.get(), H5F_CLOSE_STRONG), ErrorCode::kIo, name);
  // Files appear whole under their names, so HDF5's locks (refused by some network file systems) protect nothing.
  check(H5Pset_file_locking(list.get(), false, true), ErrorCode::kIo, name);
  return list;
}

Handle creation_list(const std::string& name) {
  Handle list = own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, ErrorCode::kIo, name);
  check(H5Pset_obj_track_times(list.get(), false), ErrorCode::kIo, name);
  check(H5Pset_link_phase_change(list.get(), kMaxCompact, 0), ErrorCode::kIo, name);
  check(H5Pset_attr_phase_change(list.get(), kMaxCompact, 0), ErrorCode::kIo, name);
  return list;
}

Handle dataset_list(const DatasetSpec& spec, const std::string& name) {
  Handle list = own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, ErrorCode::kIo, name);
  check(H5Pset_obj_track_times(list.get(), false), ErrorCode::kIo, name);
  check(H5Pset_chunk(list.get(), static_cast<int>(spec.chunk.size()),
                     reinterpret_cast<const hsize_t*>(spec.chunk.data())),
        ErrorCode::kIo, name);
  check(H5Pset_fletcher32(list.get()), ErrorCode::kIo, name);
  // Chunks are laid out and filled at creation: the order of later writes cannot show in the bytes.
  check(H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_EARLY), ErrorCode::kIo, name);
  check(H5Pset_fill_time(list.get(), H5D_FILL_TIME_ALLOC), ErrorCode::kIo, name);
  return list;
}

/// Memory and file dataspace of a transfer.
struct Transfer {
  Handle dataset, memory, space;
};

Transfer transfer(const File& file, const DatasetSpec& spec, const Region& region, ErrorCode code) {
  const std::string where = file.name() + ": dataset '" + spec.name + "'";
  Transfer t;
  t.dataset = own(H5Dopen2(file.id(), spec.name.c_str(), H5P_DEFAULT), H5Dclose, code, where);
  t.space = own(H5Dget_space(t.dataset.get()), H5Sclose, code, where);
  const auto* offset = reinterpret_cast<const hsize_t*>(region.offset.data());
  const auto* count = reinterpret_cast<const hsize_t*>(region.count.data());
  check(H5Sselect_hyperslab(t.space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr), code, where);
  t.memory = own(H5Screate_simple(static_cast<int>(region.count.size()), count, nullptr), H5Sclose, code, where);
  return t;
}

}  // namespace

static_assert(sizeof(hsize_t) == sizeof(std::uint64_t));

std::size_t size_of(Type type) noexcept { return facts(type).size; }
const char* to_string(Type type) noexcept { return facts(type).name; }

hid_t h5_type(Type type) noexcept {
  switch (type) {
    case Type::kU8:
      return H5T_STD_U8LE;
    case Type::kI8:
      return H5T_STD_I8LE;
    case Type::kU16:
      return H5T_STD_U16LE;
    case Type::kU32:
      return H5T_STD_U32LE;
    case Type::kF32:
      return H5T_IEEE_F32LE;
    case Type::kF64:
      return H5T_IEEE_F64LE;
  }
  return H5I_INVALID_HID;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Region whole(const DatasetSpec& spec) { return {Shape(spec.dims.size(), 0), spec.dims}; }

std::uint64_t elements(const Shape& counts, const std::string& where) {
  std::uint64_t product = 1;
  for (const std::uint64_t count : counts) {
    const auto next = checked_mul(product, count);
    require(next.has_value() && *next <= UINT64_MAX / 16, ErrorCode::kMalformed, where, ": shape ", to_string(counts),
            " has too many elements");
    product = *next;
  }
  return product;
}

File File::create(const std::filesystem::path& path, std::string name) {
  const Session session;
  const Handle access = access_list(name);
  const Handle creation = creation_list(name);
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get());
  Handle handle = own(id, H5Fclose, ErrorCode::kIo, name, ": cannot create");
  return {std::move(handle), std::move(name), 0};
}

File File::open(const std::filesystem::path& path) {
  const Session session;
  struct stat info = {};
  require(::stat(path.c_str(), &info) == 0, ErrorCode::kIo, path.string(), ": cannot open: ", std::strerror(errno));
  require(S_ISREG(info.st_mode), ErrorCode::kIo, path.string(), ": not a regular file");
  require(::access(path.c_str(), R_OK) == 0, ErrorCode::kIo, path.string(), ": cannot open: ", std::strerror(errno));
  const Handle access = access_list(path.string());
  Handle handle = own(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose, ErrorCode::kMalformed,
                      path.string(), ": not a whole HDF5 file");
  return {std::move(handle), path.string(), static_cast<std::uint64_t>(info.st_size)};
}

void File::create_dataset(const DatasetSpec& spec) {
  const Session session;
  const std::string where = name_ + ": dataset '" + spec.name + "'";
  const Handle list = dataset_list(spec, where);
  const auto* dims = reinterpret_cast<const hsize_t*>(spec.dims.data());
  const Handle space =
      own(H5Screate_simple(static_cast<int>(spec.dims.size()), dims, nullptr), H5Sclose, ErrorCode::kIo, where);
  const hid_t created =
      H5Dcreate2(id(), spec.name.c_str(), h5_type(spec.type), space.get(), H5P_DEFAULT, list.get(), H5P_DEFAULT);
  const Handle dataset = own(created, H5Dclose, ErrorCode::kIo, where, ": cannot create");
}

void File::write(const DatasetSpec& spec, const Region& region, const void* data) {
  const Session session;
  const Transfer t = transfer(*this, spec, region, ErrorCode::kIo);
  check(H5Dwrite(t.dataset.get(), h5_type(spec.type), t.memory.get(), t.space.get(), H5P_DEFAULT, data), ErrorCode::kIo,
        name_, ": dataset '", spec.name, "': cannot write");
}

void File::read(const DatasetSpec& spec, const Region& region, void* data) const {
  const Session session;
  const Transfer t = transfer(*this, spec, region, ErrorCode::kIntegrity);
  check(H5Dread(t.dataset.get(), h5_type(spec.type), t.memory.get(), t.space.get(), H5P_DEFAULT, data),
        ErrorCode::kIntegrity, name_, ": dataset '", spec.name, "' at ", to_string(region.offset));
}

void File::close() {
  const Session session;
  // A strong close flushes; its error is the only sign that late writes were lost.
  require(handle_.reset(), ErrorCode::kIo, name_, ": cannot write: ", last_error());
}

}  // namespace wean::h5
