#include "extract/row_sample.h"

#include <algorithm>

namespace wean::extract {
namespace {

/// SplitMix64 finaliser: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

std::vector<std::uint32_t> sample_rows(std::int64_t tokens, std::uint32_t rows, std::uint64_t seed,
                                       std::uint32_t step) {
  const auto total = static_cast<std::uint64_t>(tokens);
  const std::uint64_t strata = std::min<std::uint64_t>(rows, total);
  std::vector<std::uint32_t> sample;
  for (std::uint64_t i = 0; i < strata; ++i) {
    const std::uint64_t begin = i * total / strata;
    const std::uint64_t end = (i + 1) * total / strata;
    const std::uint64_t draw = mix(mix(seed) ^ mix((std::uint64_t{step} << 32) | i));
    sample.push_back(static_cast<std::uint32_t>(begin + draw % (end - begin)));
  }
  return sample;
}

}  // namespace wean::extract
