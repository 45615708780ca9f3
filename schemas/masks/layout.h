// Byte layout of a mask file, version 1: the numbers of schemas/masks.md, sections 3 to 6. Internal to this folder and
// its tests.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace wean::masks {

static_assert(std::endian::native == std::endian::little, "mask files are little-endian and are used in place");

inline constexpr std::array<std::uint8_t, 8> kMagic = {0x89, 'W', 'E', 'A', 'N', '\r', '\n', 0x1A};
inline constexpr std::uint16_t kMajor = 1;
inline constexpr std::uint16_t kMinor = 0;
inline constexpr std::uint32_t kSchema = 1;
inline constexpr std::uint32_t kHeaderBytes = 320;
inline constexpr std::uint32_t kPhaseBytes = 16;
inline constexpr std::uint32_t kEntryBytes = 96;
inline constexpr std::uint32_t kAlign = 64;
inline constexpr std::uint32_t kHashSha256 = 1;
inline constexpr std::uint32_t kKindHeadBits = 1;
inline constexpr std::uint32_t kDenseSlot = 0xFFFFFFFF;

inline constexpr std::uint64_t kMaxFileBytes = (std::uint64_t{1} << 44) - 1;
inline constexpr std::uint32_t kMaxSections = 1048576;
inline constexpr std::uint32_t kMaxPhases = 4096;
inline constexpr std::uint32_t kMaxBranches = 2;
inline constexpr std::uint32_t kMaxExperts = 64;
inline constexpr std::uint32_t kMaxLayers = 4096;
inline constexpr std::uint32_t kMaxHeads = 4096;
inline constexpr std::uint32_t kMaxHeadDim = 1024;
inline constexpr std::uint32_t kMaxBlock = 65536;
inline constexpr std::int64_t kMaxTokens = (std::int64_t{1} << 31) - 1;
inline constexpr std::size_t kFamilyBytes = 32;

/// Byte offsets of the header's fields.
namespace header {
inline constexpr std::size_t kMajor = 8, kMinor = 10, kHeaderBytes = 12, kFileBytes = 16;
inline constexpr std::size_t kIncompatible = 24, kCompatible = 28, kSections = 32, kEntryBytes = 36;
inline constexpr std::size_t kAlign = 40, kHash = 44, kPhases = 48, kBranches = 52, kExperts = 56, kLayers = 60;
inline constexpr std::size_t kHeads = 64, kHeadDim = 68, kFrames = 72, kHeight = 76, kWidth = 80;
inline constexpr std::size_t kQBlock = 84, kKBlock = 88, kTokenOrder = 92, kDensity = 96, kSchema = 104;
inline constexpr std::size_t kReserved = 108, kWeights = 128, kConfig = 160, kQuick = 192, kRecipe = 224;
inline constexpr std::size_t kFamily = 256, kRoot = 288;
}  // namespace header

/// Byte offsets inside an entry of the phase table and of the section table.
namespace phase {
inline constexpr std::size_t kSigmaLow = 0, kSteps = 8, kReserved = 12;
}
namespace entry {
inline constexpr std::size_t kPhase = 0, kBranch = 4, kExpert = 8, kLayer = 12, kKind = 16, kSlots = 20;
inline constexpr std::size_t kOffset = 24, kBytes = 32, kPopcount = 40, kKeptWork = 48, kReserved = 56, kSha = 64;
}  // namespace entry

/// Reads and writes one little-endian value; the caller has checked the range.
template <typename T>
[[nodiscard]] T load(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}
template <typename T>
void store(std::span<std::byte> bytes, std::size_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

/// `size` rounded up to the payload alignment; sizes are below 2^60.
[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t size) noexcept {
  return (size + kAlign - 1) / kAlign * kAlign;
}

}  // namespace wean::masks
