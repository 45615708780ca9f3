// The tensors of one model component (transformer, text encoder, VAE) under canonical names, wherever they lie.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/files/dtype.h"

namespace wean::models {

/// One tensor: a view into a mapped file.
struct TensorView {
  std::string name;       ///< canonical: the name that diffusers and transformers use
  std::string file_name;  ///< the name in the file, for messages
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< little-endian, row-major; size = product(shape) * width
  std::filesystem::path file;
  [[nodiscard]] std::int64_t numel() const noexcept;
};

/// "[2, 3]", and "[]" for a scalar.
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape);

/// An immutable set of tensors, sorted by name; keeps the mapped files alive. Share it by shared_ptr<const TensorSet>.
class TensorSet {
 public:
  /// `keep_alive` owns the memory that the views point into. Throws kMalformed when two tensors share a name.
  TensorSet(std::filesystem::path where, std::vector<TensorView> tensors,
            std::vector<std::shared_ptr<const void>> keep_alive);

  /// The folder or file that it came from.
  [[nodiscard]] const std::filesystem::path& where() const noexcept { return where_; }
  [[nodiscard]] const std::vector<TensorView>& tensors() const noexcept { return tensors_; }
  /// Null when there is no such tensor.
  [[nodiscard]] const TensorView* find(const std::string& name) const noexcept;

 private:
  std::filesystem::path where_;
  std::vector<TensorView> tensors_;
  std::vector<std::shared_ptr<const void>> keep_alive_;
};

}  // namespace wean::models
