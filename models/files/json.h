// Strict JSON: duplicate keys, depth, size and number of values are limited; typed access names file, key and value.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/files/model_root.h"

namespace wean::models {

using Json = nlohmann::json;

/// What a JSON text may hold. `values` counts objects, arrays, strings, numbers and literals, and bounds the memory.
struct JsonLimits {
  std::uint64_t bytes;
  std::size_t depth;
  std::size_t values;
};
inline constexpr JsonLimits kConfigLimits{std::uint64_t{1} << 20, 64, 200'000};
inline constexpr JsonLimits kIndexLimits{std::uint64_t{64} << 20, 64, 2'100'000};

/// Parses all of `text`; `where` names it in messages. Throws kMalformed: not UTF-8, not JSON, text after the value, a
/// NUL or byte order mark, a duplicate key, a limit exceeded.
[[nodiscard]] Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits);
/// Reads and parses a file of a model; also kIo.
[[nodiscard]] Json read_json(const ModelRoot& root, const std::filesystem::path& relative, const JsonLimits& limits);

/// Inclusive range of an integer field.
struct IntRange {
  std::int64_t low;
  std::int64_t high;
};

/// Typed access to one JSON object. Every getter throws kMalformed naming file, key, value and what is allowed; a
/// getter with `fallback` returns it when the key is absent or null.
class Fields {
 public:
  /// Borrows `object`; throws kMalformed when it is not an object.
  Fields(const Json& object, std::string where);

  /// True when the key is there and not null.
  [[nodiscard]] bool has(const char* key) const;
  /// An integer literal: 3, never 3.0 or "3".
  [[nodiscard]] std::int64_t integer(const char* key, IntRange range) const;
  [[nodiscard]] std::int64_t integer(const char* key, IntRange range, std::int64_t fallback) const;
  [[nodiscard]] double number(const char* key, double fallback) const;
  [[nodiscard]] bool boolean(const char* key, bool fallback) const;
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::string text(const char* key, const std::string& fallback) const;
  [[nodiscard]] std::vector<std::int64_t> integers(const char* key, IntRange range,
                                                   std::vector<std::int64_t> fallback) const;
  [[nodiscard]] std::vector<double> numbers(const char* key) const;
  [[nodiscard]] std::vector<bool> booleans(const char* key, std::vector<bool> fallback) const;
  /// Throws unless the key is absent, null or holds exactly `allowed`; `why` ends the message.
  void only(const char* key, const Json& allowed, const char* why) const;
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  [[nodiscard]] const Json* find(const char* key) const;
  [[nodiscard]] const Json& array(const char* key) const;
  [[noreturn]] void refuse(const char* key, const std::string& allowed) const;
  const Json& object_;
  std::string where_;
};

}  // namespace wean::models
