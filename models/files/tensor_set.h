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

/// Where the bytes of tensors lie. Immutable; any number of threads may read.
class TensorBytes {
 public:
  virtual ~TensorBytes() = default;
  /// Fills `out` from `offset`. Throws kIo.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

/// One tensor of a file. Its bytes are read when they are asked for and never mapped: a file that is cut off while it
/// is used is an error. Whoever reads them pays for one copy.
struct TensorView {
  std::string name;       ///< canonical: the name that diffusers and transformers use
  std::string file_name;  ///< the name in the file, for messages
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t size = 0;    ///< bytes: product(shape) * width, little-endian, row-major
  std::uint64_t offset = 0;  ///< of the first byte in `source`
  std::shared_ptr<const TensorBytes> source;
  std::filesystem::path file;  ///< for messages
  /// Fills `out` with the tensor's bytes from `begin`, which must lie inside. Throws kIo when the file cannot be read
  /// or is not as it was when it was opened.
  void read(std::uint64_t begin, std::span<std::byte> out) const;
};

/// "[2, 3]", and "[]" for a scalar.
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape);

/// An immutable set of tensors, sorted by name. Share it by shared_ptr<const TensorSet>.
class TensorSet {
 public:
  /// Throws kMalformed when two tensors share a name.
  TensorSet(std::filesystem::path where, std::vector<TensorView> tensors);

  /// The folder or file that it came from.
  [[nodiscard]] const std::filesystem::path& where() const noexcept { return where_; }
  [[nodiscard]] const std::vector<TensorView>& tensors() const noexcept { return tensors_; }
  /// Null when there is no such tensor.
  [[nodiscard]] const TensorView* find(const std::string& name) const noexcept;

 private:
  std::filesystem::path where_;
  std::vector<TensorView> tensors_;
};

}  // namespace wean::models
