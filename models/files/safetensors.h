// Safetensors files: 8 bytes little-endian header size, a JSON header, then the tensors' bytes without gaps.
//
// Stricter than the format's own library: unknown fields, rank above 8, control characters in names, duplicate keys and
// headers above 100,000,000 bytes are refused. Every rule has its own message.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "models/files/dtype.h"
#include "models/files/tensor_set.h"

namespace wean::models {

inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;
inline constexpr std::size_t kMaxTensors = 1'000'000;
inline constexpr std::size_t kMaxTensorRank = 8;
inline constexpr std::size_t kMaxTensorName = 512;
inline constexpr std::size_t kMaxMetadata = 65'536;

/// A tensor as the header has it; [begin, end) counts from the first byte after the header.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;        ///< in the order of their bytes; they tile the data
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
  std::uint64_t data_begin = 0;                 ///< offset of the data in the file
};

/// Reads `out.size()` bytes of a file from `offset`; what it throws ends the parsing.
using ReadAt = std::function<void(std::uint64_t offset, std::span<std::byte> out)>;

/// Checks the whole structure of a file of `file_bytes` (not the values in its tensors); reads its header alone.
/// `where` names it in messages. Throws kMalformed.
[[nodiscard]] SafetensorsHeader parse_safetensors(std::uint64_t file_bytes, const ReadAt& read,
                                                  const std::string& where);
/// The same for a file in memory.
[[nodiscard]] SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where);

/// A checked header with the file's tensors, whose bytes are still in the file.
struct SafetensorsFile {
  std::vector<TensorView> tensors;
  std::map<std::string, std::string> metadata;
};
/// Reads and checks the header of a file. Throws kIo, kMalformed.
[[nodiscard]] SafetensorsFile open_safetensors(const std::filesystem::path& path);

}  // namespace wean::models
