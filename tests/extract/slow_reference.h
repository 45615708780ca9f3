// Attention statistics by the definition, one scalar at a time in double: the oracle for extract/block_statistics.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "common/base/blocks.h"

namespace wean::test {

/// Row-major [tokens, dim] matrices of one head; factor is [dim, dim].
struct SlowHead {
  std::vector<double> q, k, v, factor;
  std::size_t tokens = 0, dim = 0;
};

/// Attention probabilities of row p.
inline std::vector<double> slow_row(const SlowHead& h, std::size_t p) {
  std::vector<double> a(h.tokens);
  double top = -std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < h.tokens; ++j) {
    double dot = 0;
    for (std::size_t d = 0; d < h.dim; ++d) dot += h.q[p * h.dim + d] * h.k[j * h.dim + d];
    a[j] = dot / std::sqrt(static_cast<double>(h.dim));
    top = std::max(top, a[j]);
  }
  double sum = 0;
  for (double& x : a) sum += (x = std::exp(x - top));
  for (double& x : a) x /= sum;
  return a;
}

/// Output of a row when keys [begin, end) are dropped and the rest renormalised, seen through the factor.
inline std::vector<double> slow_output(const SlowHead& h, const std::vector<double>& a, std::size_t begin,
                                       std::size_t end) {
  std::vector<double> raw(h.dim, 0.0);
  double kept = 0;
  for (std::size_t j = 0; j < h.tokens; ++j) {
    if (j >= begin && j < end) continue;
    kept += a[j];
    for (std::size_t d = 0; d < h.dim; ++d) raw[d] += a[j] * h.v[j * h.dim + d];
  }
  std::vector<double> seen(h.dim, 0.0);
  for (std::size_t d = 0; d < h.dim; ++d) {
    for (std::size_t e = 0; e < h.dim; ++e) seen[e] += raw[d] / kept * h.factor[d * h.dim + e];
  }
  return seen;
}

/// Squared change of a row's output when key block v of `width` tokens is dropped.
inline double slow_error(const SlowHead& h, const std::vector<double>& a, std::size_t v, std::size_t width) {
  const std::vector<double> whole = slow_output(h, a, 0, 0);
  const std::vector<double> cut = slow_output(h, a, v * width, std::min((v + 1) * width, h.tokens));
  double sum = 0;
  for (std::size_t d = 0; d < whole.size(); ++d) sum += (whole[d] - cut[d]) * (whole[d] - cut[d]);
  return sum;
}

}  // namespace wean::test
