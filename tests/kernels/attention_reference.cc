#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/kernels/attention_cases.h"

namespace wean::test {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// [tokens][head_dim] of one head in double precision.
std::vector<double> head_of(const Tensor& tensor, std::int64_t tokens, std::int64_t b, std::int64_t h,
                            std::int64_t dim) {
  std::vector<double> rows;
  rows.reserve(static_cast<std::size_t>(tokens * dim));
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t d = 0; d < dim; ++d) rows.push_back(tensor.at(b, t, h, d));
  }
  return rows;
}

/// One head: its bits, and its tensors in double precision.
struct ReferenceHead {
  const AttentionCase& attention;
  const std::vector<std::uint32_t>& map;
  std::vector<double> q, k, v;

  [[nodiscard]] bool keeps(std::int64_t row, std::int64_t key) const {
    const std::int64_t column = key / attention.geometry.k_block;
    const std::int64_t word = row / attention.geometry.q_block * attention.geometry.words() + column / 32;
    return map.empty() || (map[static_cast<std::size_t>(word)] >> (column % 32) & 1U) != 0;
  }

  /// Scores of one query row on its kept keys; dropped keys hold -inf and are never weighed.
  [[nodiscard]] std::vector<double> scores_of(std::int64_t row) const {
    const std::int64_t dim = attention.head_dim;
    const double scale = attention.scale == 0 ? 1 / std::sqrt(static_cast<double>(dim)) : attention.scale;
    std::vector<double> scores(static_cast<std::size_t>(attention.geometry.k_tokens), kNothing);
    for (std::int64_t key = 0; key < attention.geometry.k_tokens; ++key) {
      if (!keeps(row, key)) continue;
      double dot = 0;
      for (std::int64_t d = 0; d < dim; ++d) dot += q.data()[row * dim + d] * k.data()[key * dim + d];
      scores[static_cast<std::size_t>(key)] = dot * scale;
    }
    return scores;
  }

  /// Writes one output row and returns its log-sum-exp.
  double attend(std::int64_t row, double* o) const {
    const std::vector<double> scores = scores_of(row);
    const std::int64_t dim = attention.head_dim;
    double maximum = kNothing;
    for (const double score : scores) maximum = std::max(maximum, score);
    double sum = 0;
    for (std::int64_t key = 0; key < attention.geometry.k_tokens; ++key) {
      const double score = scores[static_cast<std::size_t>(key)];
      if (score == kNothing) continue;
      const double weight = std::exp(score - maximum);
      sum += weight;
      for (std::int64_t d = 0; d < dim; ++d) o[d] += weight * v.data()[key * dim + d];
    }
    for (std::int64_t d = 0; d < dim && sum != 0; ++d) o[d] /= sum;
    return sum == 0 ? kNothing : maximum + std::log(sum);
  }
};

}  // namespace

ReferenceOutput reference_attention(const AttentionCase& attention, const AttentionData& data) {
  const BlockGeometry& geometry = attention.geometry;
  const std::int64_t dim = attention.head_dim;
  ReferenceOutput out;
  out.o.assign(static_cast<std::size_t>(attention.batch * geometry.q_tokens * attention.heads * dim), 0);
  for (std::int64_t b = 0; b < attention.batch; ++b) {
    for (std::int64_t h = 0; h < attention.heads; ++h) {
      const ReferenceHead head{
          attention, data.bits[static_cast<std::size_t>(attention.mask_per_batch ? b * attention.heads + h : h)],
          head_of(data.q, geometry.q_tokens, b, h, dim), head_of(data.k, geometry.k_tokens, b, h, dim),
          head_of(data.v, geometry.k_tokens, b, h, dim)};
      for (std::int64_t row = 0; row < geometry.q_tokens; ++row) {
        double* o = out.o.data() + ((b * geometry.q_tokens + row) * attention.heads + h) * dim;
        out.lse.push_back(head.attend(row, o));
      }
    }
  }
  return out;
}

}  // namespace wean::test
