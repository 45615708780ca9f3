// Element types of safetensors files, and the search for NaN and Inf in raw bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace wean::models {

/// Every element type that the safetensors format names. Weights are F32, BF16 or F16; the others are known so that
/// files which hold them can be checked, and refused by name where a weight is needed.
enum class DType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64
};

/// "BF16": the name in the file.
[[nodiscard]] const char* to_string(DType type) noexcept;
[[nodiscard]] std::optional<DType> dtype_from_name(std::string_view name) noexcept;
/// Width of one element in bits (4 and 6 occur).
[[nodiscard]] std::uint64_t bits_of(DType type) noexcept;
/// True for F32, BF16 and F16.
[[nodiscard]] bool is_weight_type(DType type) noexcept;

/// Index of the first NaN or Inf among little-endian elements of a weight type; nothing when all are finite. `bytes`
/// needs no alignment; a partial element at its end is ignored.
[[nodiscard]] std::optional<std::uint64_t> first_not_finite(DType type, std::span<const std::byte> bytes) noexcept;

}  // namespace wean::models
