// Scores that rise, fall and jump, for the parts of a softmax that follow a maximum.
#include <bit>
#include <cmath>

#include "kernels/sm90/tune/problem.h"

namespace wean::kernels::tune {
namespace {

/// A value that both types have, or nearly: three bits after the first.
std::uint16_t narrow(double value, bool half) {
  if (std::isnan(value)) return half ? 0x7E00 : 0x7FC0;
  if (std::isinf(value)) return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | (half ? 0x7C00 : 0x7F80));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const double rounded = std::ldexp(std::round(fraction * 16) / 16, exponent);
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(static_cast<float>(rounded));
  if (!half) return static_cast<std::uint16_t>(bits >> 16);
  if (std::fabs(rounded) < 0x1p-14) return 0;
  const std::uint32_t magnitude = ((bits >> 13) - (112u << 10)) & 0x7FFF;
  return static_cast<std::uint16_t>((bits >> 16 & 0x8000) | magnitude);
}

/// What is added to the scores of a key, in exponents of e.
double level(const Shape& s, std::int64_t key) {
  const double place = static_cast<double>(key) / static_cast<double>(s.k_tokens);
  if (s.data == "falling") return 300 * place;
  if (s.data == "cliff") return key / 128 % 3 == 1 ? 250 : key / 128 % 3 == 0 ? 0 : -250;
  if (s.data == "spike") return key == s.k_tokens / 2 ? 250 : 0;
  if (s.data == "infinite") return key == s.k_tokens / 2 + 5 ? INFINITY : 0;
  if (s.data == "nan") return 0;
  return 300 * (1 - place);
}

}  // namespace

void shape_scores(const Shape& s, const CudaAttentionParams& p, std::uint16_t* q, std::uint16_t* k, std::uint16_t* v) {
  constexpr double kQuery = 16;
  const double scale = 1 / std::sqrt(static_cast<double>(s.head_dim));
  for (std::int64_t flat = 0; flat < s.batch * s.heads; ++flat) {
    const std::int64_t b = flat / s.heads, h = flat % s.heads;
    for (std::int64_t row = 0; row < s.q_tokens; ++row) {
      const bool down = (s.data == "opposed" || s.data == "infinite") && row % 2 == 1;
      q[b * p.q_stride_batch + row * p.q_stride_token + h * p.q_stride_head] = narrow(s.data == "nan" && row == 70 ? NAN
                                                                                      : down ? -kQuery
                                                                                             : kQuery,
                                                                                      s.half);
    }
    for (std::int64_t key = 0; key < s.k_tokens; ++key) {
      k[b * p.k_stride_batch + key * p.k_stride_token + h * p.k_stride_head] =
          narrow(level(s, key) / (kQuery * scale), s.half);
    }
    if (s.data != "nan") continue;
    const auto element = [&](std::uint16_t* t, std::int64_t key, std::int64_t d) -> std::uint16_t& {
      return t[b * p.k_stride_batch + key * p.k_stride_token + h * p.k_stride_head + d];
    };
    if (h == 1) element(k, s.k_tokens / 3, 3) = narrow(NAN, s.half);
    element(v, s.k_tokens / 2, 5) = narrow(NAN, s.half);
    element(v, s.k_tokens / 4, 6) = narrow(INFINITY, s.half);
  }
}

}  // namespace wean::kernels::tune
