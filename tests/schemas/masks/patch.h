// Changing bytes of a mask file and repairing its checksums, independently of the encoder.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace wean::test {

using Bytes = std::vector<std::byte>;

template <typename T>
[[nodiscard]] T get(const Bytes& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}
template <typename T>
void put(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

/// Byte offsets of phase and section table entries of a file whose counts are still right.
[[nodiscard]] std::size_t phase_at(std::size_t index);
[[nodiscard]] std::size_t entry_at(const Bytes& bytes, std::size_t index);

/// What to make right again after a change; each level includes the earlier ones. Anything out of range is left alone.
enum class Repair { kNothing, kRoot, kPayloadHashes, kDensity, kCounts };
void repair(Bytes& bytes, Repair level);

/// One integer field of the file.
struct IntegerField {
  const char* name;
  std::size_t offset;
  std::size_t width;  ///< 2, 4 or 8 bytes
};
/// Every integer field of header, phase table and section table.
[[nodiscard]] std::vector<IntegerField> integer_fields(const Bytes& bytes);
/// 0, 1, 2, neighbours of the present value, and the edges of 16, 31, 32, 44, 63 and 64 bits that fit.
[[nodiscard]] std::vector<std::uint64_t> boundary_values(const Bytes& bytes, const IntegerField& field);
void put_integer(Bytes& bytes, const IntegerField& field, std::uint64_t value);

}  // namespace wean::test
