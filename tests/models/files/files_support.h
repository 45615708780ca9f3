// Helpers of the file tests: hand-made safetensors files and model folders.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/files/tensor_set.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean::models::test {

/// Writes a file and the folders above it.
inline void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  wean::testing::spill(path, text);
}

/// A tensor that lies in memory, a copy of `bytes`.
inline TensorView in_memory(const std::string& name, DType type, std::vector<std::int64_t> shape,
                            std::span<const std::byte> bytes) {
  class Memory final : public TensorBytes {
   public:
    explicit Memory(std::span<const std::byte> bytes) : bytes_(bytes.begin(), bytes.end()) {}
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    }

   private:
    std::vector<std::byte> bytes_;
  };
  return {name, name, type, std::move(shape), bytes.size(), 0, std::make_shared<const Memory>(bytes), "memory"};
}

/// All bytes of a tensor.
inline std::vector<std::byte> bytes_of(const TensorView& tensor) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.size));
  tensor.read(0, bytes);
  return bytes;
}

/// Size field, header, then `data_bytes` zero bytes.
inline std::string safetensors_text(const std::string& header, std::size_t data_bytes) {
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) out += static_cast<char>((header.size() >> (8 * i)) & 0xFFU);
  return out + header + std::string(data_bytes, '\0');
}

/// A file with one F32 tensor of one element for each name.
inline std::string tensors_named(const std::vector<std::string>& names) {
  std::string header = "{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    header += (i > 0 ? ",\"" : "\"") + names[i] + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" +
              std::to_string(4 * i) + "," + std::to_string(4 * i + 4) + "]}";
  }
  return safetensors_text(header + "}", 4 * names.size());
}

}  // namespace wean::models::test
