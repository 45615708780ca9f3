#include "common/base/digest.h"

#include <openssl/evp.h>

#include "common/base/error.h"

namespace wean {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  void start() {
    require(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1, ErrorCode::kSelfCheck,
            "SHA-256 is not available in this OpenSSL");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { state_->start(); }
Sha256::~Sha256() = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::update(std::string_view text) { return update(std::as_bytes(std::span(text.data(), text.size()))); }

Sha256& Sha256::update_u64(std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
  return update(bytes);
}

Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  state_->start();
  return digest;
}

Digest sha256(std::span<const std::byte> bytes) { return Sha256().update(bytes).finish(); }
Digest sha256(std::string_view text) { return Sha256().update(text).finish(); }

std::string to_hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string short_hex(const Digest& digest) { return to_hex(digest).substr(0, 16); }

namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Digest digest_from_hex(std::string_view text) {
  Digest digest{};
  bool ok = text.size() == 2 * digest.size();
  for (std::size_t i = 0; ok && i < digest.size(); ++i) {
    const int high = nibble(text[2 * i]);
    const int low = nibble(text[2 * i + 1]);
    ok = high >= 0 && low >= 0;
    digest[i] = static_cast<std::uint8_t>((high << 4) | (low & 15));
  }
  require(ok, ErrorCode::kMalformed, "digest '", text.substr(0, 80), "': allowed are 64 hexadecimal digits");
  return digest;
}

}  // namespace wean
