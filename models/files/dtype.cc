#include "models/files/dtype.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wean::models {
namespace {

struct Row {
  const char* name;
  std::uint64_t bits;
};

// In the order of DType.
constexpr std::array<Row, 20> kRows{{{"BOOL", 8},    {"U8", 8},   {"I8", 8},      {"F8_E5M2", 8}, {"F8_E4M3", 8},
                                     {"F8_E8M0", 8}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"I16", 16},
                                     {"U16", 16},    {"F16", 16}, {"BF16", 16},   {"I32", 32},    {"U32", 32},
                                     {"F32", 32},    {"C64", 64}, {"F64", 64},    {"I64", 64},    {"U64", 64}}};

/// All exponent bits set means NaN or Inf. Blocks without an early exit let the compiler vectorise the common case.
template <typename Word>
std::optional<std::uint64_t> first_with_full_exponent(std::span<const std::byte> bytes, Word exponent) noexcept {
  constexpr std::size_t kBlock = 4096;
  const std::size_t count = bytes.size() / sizeof(Word);
  std::array<Word, kBlock> words;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t size = std::min(kBlock, count - begin);
    std::memcpy(words.data(), bytes.data() + begin * sizeof(Word), size * sizeof(Word));
    unsigned bad = 0;
    for (std::size_t i = 0; i < size; ++i) bad |= static_cast<unsigned>((words[i] & exponent) == exponent);
    if (bad == 0) continue;
    for (std::size_t i = 0; i < size; ++i) {
      if ((words[i] & exponent) == exponent) return begin + i;
    }
  }
  return std::nullopt;
}

}  // namespace

const char* to_string(DType type) noexcept { return kRows[static_cast<std::size_t>(type)].name; }

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (name == kRows[i].name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::uint64_t bits_of(DType type) noexcept { return kRows[static_cast<std::size_t>(type)].bits; }

bool is_weight_type(DType type) noexcept { return type == DType::kF32 || type == DType::kBF16 || type == DType::kF16; }

std::optional<std::uint64_t> first_not_finite(DType type, std::span<const std::byte> bytes) noexcept {
  if (type == DType::kF32) return first_with_full_exponent<std::uint32_t>(bytes, 0x7F800000U);
  if (type == DType::kBF16) return first_with_full_exponent<std::uint16_t>(bytes, 0x7F80U);
  if (type == DType::kF16) return first_with_full_exponent<std::uint16_t>(bytes, 0x7C00U);
  return std::nullopt;
}

}  // namespace wean::models
