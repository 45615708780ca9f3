// Which query rows the FAST sample takes: stratified over the tokens, a function of seed and step alone.
#pragma once
#include <cstdint>
#include <vector>

namespace wean::extract {

/// `rows` tokens, one drawn from each of `rows` equal strata of [0, tokens), ascending; min(rows, tokens) of them. The
/// draw of stratum i hashes (seed, step, i), so every head, layer and branch of a step shares its rows.
[[nodiscard]] std::vector<std::uint32_t> sample_rows(std::int64_t tokens, std::uint32_t rows, std::uint64_t seed,
                                                     std::uint32_t step);

}  // namespace wean::extract
