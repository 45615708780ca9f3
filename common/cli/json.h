// JSON for --json: members keep the order in which they are set, doubles round-trip, the library stays hidden.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wean::cli {

/// One JSON value; a value type. Default-constructed it is null. NaN and Inf become null, as JSON has neither. Text is
/// expected to be UTF-8; bad bytes become U+FFFD, so that a file name can always be printed.
class Json {
 public:
  Json();
  Json(bool value);    // NOLINT(google-explicit-constructor): literals in object({...}) read as JSON
  Json(double value);  // NOLINT(google-explicit-constructor)
  template <std::integral T>
  Json(T value)  // NOLINT(google-explicit-constructor)
      : Json(std::signed_integral<T> ? Json::of_signed(static_cast<std::int64_t>(value))
                                     : Json::of_unsigned(static_cast<std::uint64_t>(value))) {}
  Json(std::string_view value);    // NOLINT(google-explicit-constructor)
  Json(const std::string& value);  // NOLINT(google-explicit-constructor)
  Json(const char* value);         // NOLINT(google-explicit-constructor)
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  [[nodiscard]] static Json object();
  [[nodiscard]] static Json array();
  /// Sets a member of an object (null becomes an object) / appends to an array (null becomes an array).
  Json& set(const std::string& key, Json value);
  Json& push(Json value);
  /// Text with two spaces of indentation and a final newline, ready for stdout.
  [[nodiscard]] std::string dump() const;

 private:
  struct Value;
  static Json of_signed(std::int64_t value);
  static Json of_unsigned(std::uint64_t value);
  std::unique_ptr<Value> value_;
};

}  // namespace wean::cli
