#include "models/files/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "models/files/safetensors.h"

namespace wean::models {
namespace {

constexpr std::size_t kDataAlignment = 64;

/// Sorted keys (nlohmann's default objects are ordered maps), no spaces inside.
std::string header_text(const std::vector<TensorToWrite>& tensors, const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    header[tensor.name] = {
        {"dtype", to_string(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  std::string text = header.dump();
  while ((text.size() + sizeof(std::uint64_t)) % kDataAlignment != 0) text += ' ';
  return text;
}

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata, Overwrite overwrite) {
  std::ranges::sort(tensors, {}, &TensorToWrite::name);
  const std::string text = header_text(tensors, metadata);
  std::vector<std::byte> file;
  for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i) {
    file.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(text.size()) >> (8 * i)));
  }
  append(file, std::as_bytes(std::span(text.data(), text.size())));
  for (const TensorToWrite& tensor : tensors) append(file, tensor.bytes);
  const SafetensorsHeader check = parse_safetensors(file, path.string());
  require(check.entries.size() == tensors.size(), ErrorCode::kUsage, path.string(), ": two tensors share a name");
  publish_bytes(path, file, overwrite);
}

}  // namespace wean::models
