#include "models/files/safetensors.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/base/checked.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"
#include "models/files/safetensors_header.h"

namespace wean::models {
namespace {

constexpr std::uint64_t kSizeField = 8;

/// Tensors of a file on disk.
class FileBytes final : public TensorBytes {
 public:
  explicit FileBytes(const std::filesystem::path& path) : file_(path) {}
  [[nodiscard]] const StableFile& file() const noexcept { return file_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override { file_.read(offset, out); }

 private:
  StableFile file_;
};

std::uint64_t read_u64(const ReadAt& read) {
  std::array<std::byte, kSizeField> bytes{};
  read(0, bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kSizeField; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

/// Bytes of a tensor, or nothing when the product of its sizes overflows or does not fill whole bytes.
std::optional<std::uint64_t> bytes_of(const SafetensorsEntry& entry) {
  std::optional<std::uint64_t> bits = bits_of(entry.dtype);
  for (const std::int64_t size : entry.shape) {
    if (bits) bits = checked_mul(*bits, static_cast<std::uint64_t>(size));
  }
  if (!bits || *bits % 8 != 0) return std::nullopt;
  return *bits / 8;
}

std::string place(const SafetensorsEntry& entry, const std::string& where) {
  return where + ": tensor '" + printable(entry.name) + "': ";
}

// Messages are put together only when needed: a file may hold a million tensors.
void check_entry(const SafetensorsEntry& entry, const std::string& where) {
  if (entry.begin > entry.end)
    fail(ErrorCode::kMalformed, place(entry, where), "data_offsets [", entry.begin, ", ", entry.end, "] run backwards");
  const auto bytes = bytes_of(entry);
  if (!bytes)
    fail(ErrorCode::kMalformed, place(entry, where), "shape ", shape_text(entry.shape), " of ", to_string(entry.dtype),
         " overflows or does not fill whole bytes");
  if (*bytes != entry.end - entry.begin)
    fail(ErrorCode::kMalformed, place(entry, where), "shape ", shape_text(entry.shape), " of ", to_string(entry.dtype),
         " takes ", *bytes, " bytes, but data_offsets span ", entry.end - entry.begin);
}

/// Sorted by bytes, the tensors must follow each other and end where the file ends.
void check_tiling(const std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes, const std::string& where) {
  std::uint64_t next = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin > next)
      fail(ErrorCode::kMalformed, place(entry, where), "a hole of ", entry.begin - next, " bytes before it");
    if (entry.begin < next)
      fail(ErrorCode::kMalformed, place(entry, where), "overlaps the tensor before it by ", next - entry.begin,
           " bytes");
    if (entry.end > data_bytes)
      fail(ErrorCode::kMalformed, place(entry, where), "ends at byte ", entry.end, " of the data, but the file holds ",
           data_bytes);
    next = entry.end;
  }
  require(next == data_bytes, ErrorCode::kMalformed, where, ": the tensors end at byte ", next,
          " of the data, but the file holds ", data_bytes);
}

void check_names(const std::vector<SafetensorsEntry>& entries, const std::string& where) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) names.push_back(entry.name);
  std::ranges::sort(names);
  const auto twin = std::ranges::adjacent_find(names);
  require(twin == names.end(), ErrorCode::kMalformed, where, ": tensor '", twin == names.end() ? "" : printable(*twin),
          "' is there twice");
}

}  // namespace

SafetensorsHeader parse_safetensors(std::uint64_t file_bytes, const ReadAt& read, const std::string& where) {
  require(file_bytes >= kSizeField, ErrorCode::kMalformed, where, ": ", file_bytes,
          " bytes; a safetensors file has at least 8");
  const std::uint64_t header_bytes = read_u64(read);
  require(header_bytes >= 2 && header_bytes <= kMaxSafetensorsHeader, ErrorCode::kMalformed, where, ": header of ",
          header_bytes, " bytes; 2 to ", kMaxSafetensorsHeader, " are allowed (is it a safetensors file?)");
  require(header_bytes <= file_bytes - kSizeField, ErrorCode::kMalformed, where, ": header of ", header_bytes,
          " bytes, but only ", file_bytes - kSizeField, " follow: the file is cut off");
  std::string text(static_cast<std::size_t>(header_bytes), '\0');
  read(kSizeField, std::as_writable_bytes(std::span(text.data(), text.size())));
  SafetensorsHeader header = parse_header_text(text, where);
  header.data_begin = kSizeField + header_bytes;
  std::ranges::sort(header.entries, {}, [](const SafetensorsEntry& e) { return std::tie(e.begin, e.end, e.name); });
  check_names(header.entries, where);
  for (const SafetensorsEntry& entry : header.entries) check_entry(entry, where);
  check_tiling(header.entries, file_bytes - header.data_begin, where);
  return header;
}

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  const auto read = [&](std::uint64_t offset, std::span<std::byte> out) {
    std::ranges::copy(file.subspan(static_cast<std::size_t>(offset), out.size()), out.begin());
  };
  return parse_safetensors(file.size(), read, where);
}

SafetensorsFile open_safetensors(const std::filesystem::path& path) {
  const auto source = std::make_shared<const FileBytes>(path);
  const auto read = [&](std::uint64_t offset, std::span<std::byte> out) { source->read(offset, out); };
  SafetensorsHeader header = parse_safetensors(source->file().size(), read, path.string());
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  file.tensors.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    file.tensors.push_back({entry.name, entry.name, entry.dtype, std::move(entry.shape), entry.end - entry.begin,
                            header.data_begin + entry.begin, source, path});
  }
  return file;
}

}  // namespace wean::models
