// Arithmetic on sizes that come from files: every product and sum of untrusted numbers goes through here.
#pragma once
#include <concepts>
#include <optional>

namespace wean {

/// a + b, or nothing when the sum does not fit T.
template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) noexcept {
  T sum{};
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// a * b, or nothing when the product does not fit T.
template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) noexcept {
  T product{};
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// ceil(a / b) for b > 0 without overflow.
template <std::integral T>
[[nodiscard]] constexpr T ceil_div(T a, T b) noexcept {
  return static_cast<T>(a / b + (a % b != 0 ? 1 : 0));
}

/// True when [offset, offset + length) lies inside [0, size).
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool range_fits(T offset, T length, T size) noexcept {
  return offset <= size && length <= size - offset;
}

}  // namespace wean
