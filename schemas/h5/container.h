// The subset of HDF5 that wean's files use: scalar attributes and fixed-shape, chunked, checksummed datasets, all in
// the root group. Equal calls give equal bytes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "schemas/h5/handle.h"

namespace wean::h5 {

/// Element types of datasets, all little-endian.
enum class Type : std::uint8_t { kU8, kI8, kU16, kU32, kF32, kF64 };
[[nodiscard]] std::size_t size_of(Type type) noexcept;
/// "uint8", "float32", ...
[[nodiscard]] const char* to_string(Type type) noexcept;
/// HDF5's identifier of the type; not owned.
[[nodiscard]] hid_t h5_type(Type type) noexcept;

template <typename T>
inline constexpr Type kTypeOf = [] {
  if constexpr (std::is_same_v<T, std::uint8_t>) return Type::kU8;
  if constexpr (std::is_same_v<T, std::int8_t>) return Type::kI8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return Type::kU16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return Type::kU32;
  if constexpr (std::is_same_v<T, float>) return Type::kF32;
  if constexpr (std::is_same_v<T, double>) return Type::kF64;
}();

using Shape = std::vector<std::uint64_t>;
/// "[2, 3]"
[[nodiscard]] std::string to_string(const Shape& shape);

/// One dataset of a file. No dimension is zero; `chunk` has the rank of `dims`.
struct DatasetSpec {
  std::string name;
  Type type = Type::kU8;
  Shape dims;
  Shape chunk;
  bool operator==(const DatasetSpec&) const = default;
};

/// A box of elements: [offset, offset + count) in each dimension.
struct Region {
  Shape offset;
  Shape count;
};

/// Value of a scalar attribute: uint64, float64 or UTF-8 text.
using Value = std::variant<std::uint64_t, double, std::string>;
struct Attribute {
  std::string name;
  Value value;
};

/// Longest text an attribute holds, in bytes (an HDF5 object header message is below 64 KiB).
inline constexpr std::size_t kMaxText = 60'000;

/// An open HDF5 file. `name` is what messages call it. Not thread-safe by itself: callers hold a Session.
class File {
 public:
  /// Overwrites the file at `path`. Throws kIo.
  [[nodiscard]] static File create(const std::filesystem::path& path, std::string name);
  /// Opens read-only. Throws kIo when `path` is no readable regular file, kMalformed when it is no HDF5 file.
  [[nodiscard]] static File open(const std::filesystem::path& path);
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] hid_t id() const noexcept { return handle_.get(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  void set(const Attribute& attribute);
  void create_dataset(const DatasetSpec& spec);
  /// Elements of `region` in row-major order. write throws kIo, read throws kIntegrity (a checksum of HDF5's own).
  void write(const DatasetSpec& spec, const Region& region, const void* data);
  void read(const DatasetSpec& spec, const Region& region, void* data) const;
  /// Flushes and closes; throws kIo when bytes could not be written.
  void close();

 private:
  File(Handle handle, std::string name, std::uint64_t bytes)
      : handle_(std::move(handle)), name_(std::move(name)), bytes_(bytes) {}
  Handle handle_;
  std::string name_;
  std::uint64_t bytes_ = 0;
};

/// The whole dataset.
[[nodiscard]] Region whole(const DatasetSpec& spec);
/// Product of the counts; throws kMalformed naming `where` when it does not fit 63 bits.
[[nodiscard]] std::uint64_t elements(const Shape& counts, const std::string& where);

/// Creates dataset `name` [values.size() / width, width] (or [values.size()] when width is 0) and writes it.
template <typename T>
void put(File& file, const std::string& name, const std::vector<T>& values, std::uint64_t width = 0) {
  const Shape dims = width == 0 ? Shape{values.size()} : Shape{values.size() / width, width};
  const DatasetSpec spec{name, kTypeOf<T>, dims, dims};
  file.create_dataset(spec);
  file.write(spec, whole(spec), values.data());
}

/// Reads a region as a vector; T must be the spec's type.
template <typename T>
[[nodiscard]] std::vector<T> get(const File& file, const DatasetSpec& spec, const Region& region) {
  std::vector<T> values(elements(region.count, file.name() + ": dataset '" + spec.name + "'"));
  file.read(spec, region, values.data());
  return values;
}

}  // namespace wean::h5
