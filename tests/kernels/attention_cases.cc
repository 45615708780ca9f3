#include "tests/kernels/attention_cases.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

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

std::vector<std::uint32_t> packed_bits(const AttentionCase& attention) {
  std::vector<std::uint32_t> all;
  const auto words = static_cast<std::size_t>(attention.geometry.words());
  const std::size_t size = words * static_cast<std::size_t>(attention.geometry.rows());
  const std::int64_t maps = attention.heads * (attention.mask_per_batch ? attention.batch : 1);
  for (std::int64_t head = 0; head < maps; ++head) {
    const std::vector<std::uint32_t> map = draw_mask(attention, head);
    for (std::size_t i = 0; i < size; ++i) {
      const std::int64_t past = 32 * static_cast<std::int64_t>(i % words + 1) - attention.geometry.cols();
      const std::uint32_t stray = past <= 0 ? 0 : ~std::uint32_t{0} << (32 - past);
      all.push_back((map.empty() ? ~std::uint32_t{0} : map[i]) | stray);
    }
  }
  return all;
}

void PrintTo(const AttentionCase& attention, std::ostream* out) { *out << attention.name; }

namespace {

/// Any block size, head dimension and stride: what only the CPU kernel takes.
std::vector<AttentionCase> general_cases() {
  using enum MaskFamily;
  using enum ValueType;
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
  add({"head_major", kUniform, 0.5, 2, 3, 64, {130, 100, 32, 32}, kFloat32, true});
  add({"scaled", kUniform, 0.5, 1, 2, 64, {200, 200, 64, 64}, kFloat32, false, 0.9F, 2e-5});
  add({"sharp", kUniform, 0.5, 1, 2, 64, {200, 200, 64, 64}, kFloat32, false, 20.0F, 3e-4});
  const std::size_t float_cases = cases.size();
  for (std::size_t i = 0; i < float_cases; i += i < 10 ? 1 : 2) {
    AttentionCase bfloat16 = cases[i];
    bfloat16.name += "_bfloat16";
    bfloat16.type = ValueType::kBfloat16;
    add(bfloat16);
  }
  return cases;
}

/// Sizes that the CUDA kernels take, and the CPU kernel too unless they are float16 or have masks for each batch entry.
std::vector<AttentionCase> device_cases() {
  using enum MaskFamily;
  const AttentionCase plain{"",    kUniform, 0.4,  1, 2, 128, {512, 512, 128, 128}, ValueType::kBfloat16,
                            false, 0,        1e-5, 8};
  std::vector<AttentionCase> cases;
  const auto add = [&](const std::string& name, auto... changes) {
    AttentionCase attention = plain;
    attention.name = "device_" + name;
    (changes(attention), ...);
    cases.push_back(attention);
  };
  const auto family = [](MaskFamily to, double density) {
    return [=](AttentionCase& c) { c.family = to, c.density = density; };
  };
  const auto tokens = [](std::int64_t q, std::int64_t k) {
    return [=](AttentionCase& c) { c.geometry.q_tokens = q, c.geometry.k_tokens = k; };
  };
  const auto narrow = [](AttentionCase& c) { c.geometry.k_block = 64; };
  const auto dim64 = [](AttentionCase& c) { c.head_dim = 64; };
  const auto half = [](AttentionCase& c) { c.type = ValueType::kFloat16; };
  const auto heads = [](std::int64_t to) { return [=](AttentionCase& c) { c.heads = to; }; };
  const std::pair<const char*, MaskFamily> families[] = {
      {"dense", kDense}, {"all_ones", kAllOnes},     {"uniform", kUniform}, {"fixed_count", kFixedCount},
      {"band", kBand},   {"radial", kRadial},        {"single", kSingle},   {"mixed_heads", kMixedHeads},
      {"empty", kEmpty}, {"empty_rows", kEmptyRows},
  };
  for (const auto& [name, kind] : families) {
    add(name, family(kind, 0.4), tokens(700, 700), heads(3));
    add(name + std::string("_narrow_64"), family(kind, 0.4), tokens(700, 700), heads(3), narrow, dim64);
  }
  for (const auto& [q, k] : {std::pair{1, 1}, {127, 129}, {128, 64}, {129, 65}, {255, 255}, {257, 63}, {640, 100}}) {
    const std::string size = std::to_string(q) + "x" + std::to_string(k);
    add("ragged_" + size, tokens(q, k), family(kAllOnes, 1));
    add("ragged_narrow_" + size, tokens(q, k), family(kUniform, 0.6), narrow);
    add("ragged_narrow_64_" + size, tokens(q, k), family(kAllOnes, 1), narrow, dim64);
  }
  add("more_rows_than_processors", tokens(128 * 150, 190), family(kAllOnes, 1), heads(1), dim64);
  add("more_rows_than_processors_narrow", tokens(128 * 150, 290), family(kAllOnes, 1), heads(1), dim64, narrow);
  add("float16", half, tokens(700, 650));
  add("float16_64", half, dim64, narrow, tokens(650, 700));
  add("many_columns", tokens(130, 9000), family(kUniform, 0.1), heads(1));
  add("many_columns_narrow", tokens(130, 9000), family(kUniform, 0.03), heads(1), narrow);
  add("far_columns", tokens(128, 9000), family(kSingle, 0), heads(1), narrow);
  add("head_major", [](AttentionCase& c) { c.head_major = true, c.batch = 2; });
  add("packed", [](AttentionCase& c) { c.padding = 0; });
  add("batch", family(kMixedHeads, 0), heads(3), [](AttentionCase& c) { c.batch = 3; });
  add("mask_per_batch", tokens(300, 300), [](AttentionCase& c) { c.batch = 3, c.mask_per_batch = true; });
  add("scaled", [](AttentionCase& c) { c.scale = 0.9F; });
  add("sharp", dim64, [](AttentionCase& c) { c.scale = 8.0F; });
  return cases;
}

/// The sizes that the benchmark times (kernels/bench/rivals.py), and a few rows more and less.
std::vector<AttentionCase> large_cases() {
  using enum MaskFamily;
  std::vector<AttentionCase> cases;
  const auto add = [&](const char* name, MaskFamily family, double density, std::int64_t heads, std::int64_t tokens) {
    cases.push_back(
        {name, family, density, 1, heads, 128, {tokens, tokens, 128, 128}, ValueType::kBfloat16, false, 0, 1e-5, 0});
    cases.back().large = true;
  };
  add("large_480p_dense", kDense, 1, 12, 32760);
  add("large_480p_fixed_count", kFixedCount, 0.1, 12, 32760);
  add("large_480p_uniform", kUniform, 0.3, 12, 32760);
  add("large_720p_fixed_count", kFixedCount, 0.2, 40, 75600);
  add("large_720p_mixed_heads", kMixedHeads, 0, 40, 75600);
  add("large_720p_radial", kRadial, 0.2, 40, 75600);
  cases.push_back(cases.back());
  cases.back().name = "large_720p_radial_narrow";
  cases.back().geometry.k_block = 64;
  return cases;
}

}  // namespace

bool runs_on_cpu(const AttentionCase& attention) {
  return attention.type != ValueType::kFloat16 && !attention.mask_per_batch && !attention.large;
}

bool runs_on_cuda(const AttentionCase& attention) {
  const BlockGeometry& geometry = attention.geometry;
  return attention.type != ValueType::kFloat32 && (attention.head_dim == 64 || attention.head_dim == 128) &&
         geometry.q_block == 128 && (geometry.k_block == 64 || geometry.k_block == 128) && attention.padding % 8 == 0;
}

std::vector<AttentionCase> attention_cases() {
  std::vector<AttentionCase> cases = general_cases();
  for (const auto& part : {device_cases(), large_cases()}) cases.insert(cases.end(), part.begin(), part.end());
  return cases;
}

}  // namespace wean::test
