#include "inspect/export/npy.h"

#include "common/base/file.h"

namespace wean::inspect {
namespace {

constexpr std::size_t kAlign = 64;
constexpr std::size_t kPrefix = 10;  // magic, version, header length

/// Magic, version and a header of Python text, padded so that data begin at a multiple of 64.
std::string npy_header(const char* type, std::span<const std::int64_t> shape) {
  std::string text = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t side : shape) text += std::to_string(side) + ",";
  text += "), }";
  text.append(kAlign - (kPrefix + text.size() + 1) % kAlign, ' ');
  text += '\n';
  const auto length = static_cast<unsigned>(text.size());
  std::string header = std::string("\x93NUMPY\x01", 7) + '\0';
  header += static_cast<char>(length & 0xFFU);
  header += static_cast<char>(length >> 8U);
  return header + text;
}

}  // namespace

NpyFile npy_file(std::span<const std::int32_t> values, std::span<const std::int64_t> shape) {
  return {npy_header("<i4", shape), std::as_bytes(values)};
}

NpyFile npy_file(std::span<const std::uint8_t> values, std::span<const std::int64_t> shape) {
  return {npy_header("|b1", shape), std::as_bytes(values)};
}

void write_npy(const std::filesystem::path& path, const NpyFile& array, bool overwrite) {
  PendingFile file(path, overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
  file.write(std::as_bytes(std::span(array.header)));
  file.write(array.data);
  file.publish();
}

}  // namespace wean::inspect
