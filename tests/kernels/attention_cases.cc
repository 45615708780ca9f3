#include "tests/kernels/attention_cases.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace wean::test {
namespace {

constexpr std::int64_t kPadding = 3;
constexpr unsigned char kPoison = 0xFF;

std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

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

void PrintTo(const AttentionCase& attention, std::ostream* out) { *out << attention.name; }

Tensor::Tensor(const AttentionCase& attention, std::int64_t tokens)
    : stride_token(attention.head_dim + kPadding),
      batch_(attention.batch),
      tokens_(tokens),
      heads_(attention.heads),
      dim_(attention.head_dim),
      bfloat16_(attention.bfloat16) {
  stride_head = stride_token;
  (attention.head_major ? stride_head : stride_token) *= attention.head_major ? tokens : attention.heads;
  stride_batch = tokens * attention.heads * (attention.head_dim + kPadding);
  bytes_.resize(static_cast<std::size_t>(batch_ * stride_batch * (bfloat16_ ? 2 : 4)), kPoison);
}

void Tensor::fill_normal(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (std::int64_t b = 0; b < batch_; ++b) {
    for (std::int64_t t = 0; t < tokens_; ++t) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        for (std::int64_t d = 0; d < dim_; ++d) set(b, t, h, d, normal(random));
      }
    }
  }
}

void Tensor::poison() { std::fill(bytes_.begin(), bytes_.end(), kPoison); }

bool Tensor::padding_is_poison() const {
  const std::int64_t width = bfloat16_ ? 2 : 4;
  const std::int64_t row = (dim_ + kPadding) * width;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(bytes_.size()); ++i) {
    if (i % row >= dim_ * width && bytes_[static_cast<std::size_t>(i)] != kPoison) return false;
  }
  return true;
}

double Tensor::at(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d) const {
  const auto index = static_cast<std::size_t>(b * stride_batch + token * stride_token + h * stride_head + d);
  float value;
  if (bfloat16_) {
    std::uint16_t half;
    std::memcpy(&half, bytes_.data() + 2 * index, 2);
    value = std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  } else {
    std::memcpy(&value, bytes_.data() + 4 * index, 4);
  }
  return static_cast<double>(value);
}

void Tensor::set(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d, float value) {
  const auto index = static_cast<std::size_t>(b * stride_batch + token * stride_token + h * stride_head + d);
  const std::uint16_t half = to_bfloat16(value);
  if (bfloat16_) {
    std::memcpy(bytes_.data() + 2 * index, &half, 2);
  } else {
    std::memcpy(bytes_.data() + 4 * index, &value, 4);
  }
}

AttentionData::AttentionData(const AttentionCase& attention)
    : q(attention, attention.geometry.q_tokens),
      k(attention, attention.geometry.k_tokens),
      v(attention, attention.geometry.k_tokens),
      o(attention, attention.geometry.q_tokens),
      lse(static_cast<std::size_t>(attention.batch * attention.heads * attention.geometry.q_tokens), std::nanf("")) {
  q.fill_normal(1);
  k.fill_normal(2);
  v.fill_normal(3);
  for (std::int64_t h = 0; h < attention.heads; ++h) {
    const bool dense =
        attention.family == MaskFamily::kDense || (attention.family == MaskFamily::kMixedHeads && h == 0);
    bits.push_back(dense ? std::vector<std::uint32_t>{} : draw_bits(attention, h));
  }
  for (const auto& map : bits) head_bits.push_back(map.empty() ? nullptr : map.data());
}

kernels::BlockSparseAttentionParams AttentionData::params(const AttentionCase& attention) {
  kernels::BlockSparseAttentionParams p;
  p.q = q.data();
  p.k = k.data();
  p.v = v.data();
  p.o = o.data();
  p.log_sum_exp = lse.data();
  p.head_bits = head_bits.data();
  p.type = attention.bfloat16 ? kernels::ElementType::kBfloat16 : kernels::ElementType::kFloat32;
  p.batch = attention.batch;
  p.heads = attention.heads;
  p.q_tokens = attention.geometry.q_tokens;
  p.k_tokens = attention.geometry.k_tokens;
  p.head_dim = attention.head_dim;
  p.q_block = attention.geometry.q_block;
  p.k_block = attention.geometry.k_block;
  p.q_stride_batch = q.stride_batch, p.q_stride_token = q.stride_token, p.q_stride_head = q.stride_head;
  p.k_stride_batch = k.stride_batch, p.k_stride_token = k.stride_token, p.k_stride_head = k.stride_head;
  p.v_stride_batch = v.stride_batch, p.v_stride_token = v.stride_token, p.v_stride_head = v.stride_head;
  p.o_stride_batch = o.stride_batch, p.o_stride_token = o.stride_token, p.o_stride_head = o.stride_head;
  p.scale = attention.scale;
  return p;
}

namespace {

/// Scores of one query row on its kept keys; dropped keys hold -inf and are never weighed.
std::vector<double> scores_of(const AttentionCase& attention, const AttentionData& data, std::int64_t b, std::int64_t h,
                              std::int64_t row) {
  const BlockGeometry& geometry = attention.geometry;
  const double scale = attention.scale == 0 ? 1 / std::sqrt(static_cast<double>(attention.head_dim)) : attention.scale;
  const auto& map = data.bits[static_cast<std::size_t>(h)];
  std::vector<double> scores(static_cast<std::size_t>(geometry.k_tokens), -std::numeric_limits<double>::infinity());
  for (std::int64_t key = 0; key < geometry.k_tokens; ++key) {
    const std::int64_t column = key / geometry.k_block;
    const auto word = static_cast<std::size_t>(row / geometry.q_block * geometry.words() + column / 32);
    if (!map.empty() && (map[word] >> (column % 32) & 1U) == 0) continue;
    double dot = 0;
    for (std::int64_t d = 0; d < attention.head_dim; ++d) dot += data.q.at(b, row, h, d) * data.k.at(b, key, h, d);
    scores[static_cast<std::size_t>(key)] = dot * scale;
  }
  return scores;
}

}  // namespace

ReferenceOutput reference_attention(const AttentionCase& attention, const AttentionData& data) {
  const BlockGeometry& geometry = attention.geometry;
  const std::int64_t dim = attention.head_dim;
  ReferenceOutput out;
  out.o.assign(static_cast<std::size_t>(attention.batch * geometry.q_tokens * attention.heads * dim), 0);
  for (std::int64_t b = 0; b < attention.batch; ++b) {
    for (std::int64_t h = 0; h < attention.heads; ++h) {
      for (std::int64_t row = 0; row < geometry.q_tokens; ++row) {
        const std::vector<double> scores = scores_of(attention, data, b, h, row);
        double maximum = -std::numeric_limits<double>::infinity();
        for (const double score : scores) maximum = std::max(maximum, score);
        double sum = 0;
        double* o = out.o.data() + ((b * geometry.q_tokens + row) * attention.heads + h) * dim;
        for (std::int64_t key = 0; key < geometry.k_tokens; ++key) {
          const double score = scores[static_cast<std::size_t>(key)];
          if (score == -std::numeric_limits<double>::infinity()) continue;
          const double weight = std::exp(score - maximum);
          sum += weight;
          for (std::int64_t d = 0; d < dim; ++d) o[d] += weight * data.v.at(b, key, h, d);
        }
        for (std::int64_t d = 0; d < dim && sum != 0; ++d) o[d] /= sum;
        out.lse.push_back(sum == 0 ? -std::numeric_limits<double>::infinity() : maximum + std::log(sum));
      }
    }
  }
  return out;
}

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
