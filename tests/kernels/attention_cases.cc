#include "tests/kernels/attention_cases.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace wean::test {
namespace {

/// Share of pairs that a family keeps at (u, v) of a map whose diagonal is scaled to the key side.
double keep_probability(const AttentionCase& attention, std::int64_t head, std::int64_t u, std::int64_t v) {
  const double distance = std::abs(static_cast<double>(u * attention.geometry.q_block) -
                                   static_cast<double>(v * attention.geometry.k_block)) /
                          static_cast<double>(std::max(attention.geometry.q_tokens, attention.geometry.k_tokens));
  switch (attention.family) {
    case MaskFamily::kAllOnes:
      return 1;
    case MaskFamily::kEmpty:
      return 0;
    case MaskFamily::kBand:
      return distance < attention.density / 2 ? 1 : 0;
    case MaskFamily::kRadial:
      return distance < attention.density / 4 ? 1 : (std::fmod(distance, 0.25) < 0.07 ? 0.7 : 0);
    case MaskFamily::kMixedHeads:
      return head % 3 == 1 ? 0.9 : 0.05;
    case MaskFamily::kEmptyRows:
      return u % 2 == 0 ? 0 : attention.density;
    default:
      return attention.density;
  }
}

std::vector<std::uint32_t> draw_bits(const AttentionCase& attention, std::int64_t head) {
  const BlockGeometry& geometry = attention.geometry;
  std::mt19937_64 random(static_cast<std::uint64_t>(head) + 100);
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(geometry.rows() * geometry.words()));
  const auto keep = [&](std::int64_t u, std::int64_t v) {
    bits[static_cast<std::size_t>(u * geometry.words() + v / 32)] |= std::uint32_t{1} << (v % 32);
  };
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    if (attention.family == MaskFamily::kSingle) {
      keep(u, u % 2 == 0 ? geometry.cols() - 1 : 0);
      continue;
    }
    std::int64_t left =
        std::max<std::int64_t>(1, std::llround(attention.density * static_cast<double>(geometry.cols())));
    for (std::int64_t v = 0; v < geometry.cols(); ++v) {
      const double draw = static_cast<double>(random() >> 11) * 0x1p-53;
      if (attention.family == MaskFamily::kFixedCount) {
        if (draw * static_cast<double>(geometry.cols() - v) < static_cast<double>(left) && left-- > 0) keep(u, v);
      } else if (draw < keep_probability(attention, head, u, v)) {
        keep(u, v);
      }
    }
  }
  return bits;
}

}  // namespace

std::vector<std::uint32_t> draw_mask(const AttentionCase& attention, std::int64_t head) {
  const bool dense =
      attention.family == MaskFamily::kDense || (attention.family == MaskFamily::kMixedHeads && head == 0);
  return dense ? std::vector<std::uint32_t>{} : draw_bits(attention, head);
}

void PrintTo(const AttentionCase& attention, std::ostream* out) { *out << attention.name; }

std::vector<AttentionCase> attention_cases() {
  using enum MaskFamily;
  std::vector<AttentionCase> cases = {
      {"dense", kDense},
      {"all_ones", kAllOnes},
      {"uniform", kUniform},
      {"fixed_count", kFixedCount, 0.3},
      {"band", kBand, 0.3},
      {"radial", kRadial, 0.3},
      {"mixed_heads", kMixedHeads, 0, 1, 6},
      {"single", kSingle},
      {"empty_rows", kEmptyRows},
      {"empty", kEmpty},
  };
  const auto add = [&](AttentionCase attention) { cases.push_back(std::move(attention)); };
  add({"ragged_both", kUniform, 0.5, 1, 2, 64, {300, 300, 128, 64}});
  add({"ragged_by_one", kUniform, 0.5, 1, 2, 64, {257, 257, 64, 128}});
  add({"one_token_short", kRadial, 0.5, 1, 2, 128, {255, 255, 128, 128}});
  add({"short_queries", kUniform, 0.5, 1, 2, 64, {70, 330, 64, 64}});
  add({"short_keys", kUniform, 0.5, 1, 2, 64, {330, 70, 64, 16}});
  add({"one_token", kAllOnes, 1, 1, 1, 64, {1, 1, 128, 128}});
  add({"one_key", kAllOnes, 1, 1, 1, 32, {40, 1, 16, 16}});
  add({"odd_blocks", kUniform, 0.5, 1, 2, 48, {211, 193, 17, 29}});
  add({"tiny_blocks", kUniform, 0.5, 1, 1, 16, {70, 75, 1, 1}});
  add({"many_columns", kUniform, 0.1, 1, 1, 8, {40, 1100, 8, 3}});
  add({"huge_blocks", kAllOnes, 1, 1, 1, 64, {500, 500, 400, 300}});
  add({"blocks_past_the_end", kUniform, 1, 1, 1, 64, {100, 100, 1024, 1024}});
  for (const std::int64_t dim : {1, 3, 5, 40, 80, 96, 127, 192, 256}) {
    add({"head_dim_" + std::to_string(dim), kUniform, 0.5, 1, 1, dim, {150, 150, 64, 64}});
  }
  add({"batch", kMixedHeads, 0.5, 3, 3, 32, {100, 130, 32, 32}});
  add({"head_major", kUniform, 0.5, 2, 3, 64, {130, 100, 32, 32}, false, true});
  add({"scaled", kUniform, 0.5, 1, 2, 64, {200, 200, 64, 64}, false, false, 0.9F, 2e-5});
  add({"sharp", kUniform, 0.5, 1, 2, 64, {200, 200, 64, 64}, false, false, 20.0F, 3e-4});
  const std::size_t float_cases = cases.size();
  for (std::size_t i = 0; i < float_cases; i += i < 10 ? 1 : 2) {
    AttentionCase bfloat16 = cases[i];
    bfloat16.name += "_bfloat16";
    bfloat16.bfloat16 = true;
    add(bfloat16);
  }
  return cases;
}

}  // namespace wean::test
