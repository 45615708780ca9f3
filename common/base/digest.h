// SHA-256 digests (OpenSSL EVP) and their hexadecimal form.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace wean {

using Digest = std::array<std::uint8_t, 32>;

/// Incremental SHA-256. Thread-compatible. Integers are hashed as 8 bytes little-endian.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;  // an EVP context is one running hash
  Sha256& operator=(const Sha256&) = delete;
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  Sha256& update_u64(std::uint64_t value);
  /// Returns the digest; the object starts a new hash afterwards.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] Digest sha256(std::span<const std::byte> bytes);
[[nodiscard]] Digest sha256(std::string_view text);

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const Digest& digest);
/// The first 16 digits: what messages and overrides show.
[[nodiscard]] std::string short_hex(const Digest& digest);
/// Inverse of to_hex; throws kMalformed when `text` is not 64 hexadecimal digits.
[[nodiscard]] Digest digest_from_hex(std::string_view text);

}  // namespace wean
