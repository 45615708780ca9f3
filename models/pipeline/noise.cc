#include "models/pipeline/noise.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace wean::models {
namespace {

constexpr double kUnit = 0x1p-53;

/// ln(x) for x in (0, 1]: x = 2^e m with m near 1, then the series of 2 artanh((m - 1) / (m + 1)).
double natural_log(double x) noexcept {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact; [0.5, 1)
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (int n = 23; n >= 1; n -= 2) sum = sum * square + 1.0 / n;
  return 2 * s * sum + exponent * std::numbers::ln2;
}

/// (cos 2 pi u, sin 2 pi u) for u in [0, 1): quarter turns are exact, the rest is within an eighth of a turn.
std::pair<double, double> cos_sin_turn(double u) noexcept {
  const double quarters = std::floor(u * 4 + 0.5);
  const double angle = (u - quarters * 0.25) * (2 * std::numbers::pi);
  const double square = angle * angle;
  double cosine = 0;
  double sine = 0;
  for (int n = 18; n >= 2; n -= 2) cosine = (cosine + 1) * (-square / (n * (n - 1)));
  for (int n = 19; n >= 3; n -= 2) sine = (sine + 1) * (-square / (n * (n - 1)));
  const double c = cosine + 1;
  const double s = angle * (sine + 1);
  switch (static_cast<int>(quarters) % 4) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) noexcept {
  return static_cast<std::uint64_t>(high) << 32U | low;
}

std::array<float, 2> normal_pair(std::uint64_t seed, std::uint64_t index) noexcept {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x & 0xFFFFFFFFU); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); };
  const auto words = philox4x32({low(index), high(index), 0, 0}, {low(seed), high(seed)});
  const double u1 = static_cast<double>((join(words[0], words[1]) >> 11U) + 1) * kUnit;
  const double u2 = static_cast<double>(join(words[2], words[3]) >> 11U) * kUnit;
  const double radius = std::sqrt(-2 * natural_log(u1));
  const auto [c, s] = cos_sin_turn(u2);
  return {static_cast<float>(radius * c), static_cast<float>(radius * s)};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product_0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product_1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(product_1 >> 32U) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product_1 & 0xFFFFFFFFU),
               static_cast<std::uint32_t>(product_0 >> 32U) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product_0 & 0xFFFFFFFFU)};
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};
  }
  return counter;
}

void fill_normal(std::uint64_t seed, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const std::array<float, 2> pair = normal_pair(seed, i / 2);
    out[i] = pair[0];
    if (i + 1 < out.size()) out[i + 1] = pair[1];
  }
}

}  // namespace wean::models
