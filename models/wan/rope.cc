#include "models/wan/rope.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace wean::models {
namespace {

constexpr double kTheta = 10000.0;

/// angle[position][pair] = position / theta^(2 pair / dim) for an axis of `dim` channels.
at::Tensor axis_angles(std::int64_t length, std::int64_t dim) {
  std::vector<double> angles;
  angles.reserve(static_cast<std::size_t>(length * dim / 2));
  for (std::int64_t position = 0; position < length; ++position) {
    for (std::int64_t pair = 0; pair < dim / 2; ++pair) {
      const double exponent = static_cast<double>(2 * pair) / static_cast<double>(dim);
      angles.push_back(static_cast<double>(position) * (1.0 / std::pow(kTheta, exponent)));
    }
  }
  return at::tensor(angles, at::kDouble).view({length, dim / 2});
}

}  // namespace

Rope make_rope(const Grid& grid, std::int64_t head_dim, c10::Device device) {
  const std::int64_t side = 2 * (head_dim / 6);
  const at::Tensor t = axis_angles(grid.frames, head_dim - 2 * side).view({grid.frames, 1, 1, -1});
  const at::Tensor h = axis_angles(grid.height, side).view({1, grid.height, 1, -1});
  const at::Tensor w = axis_angles(grid.width, side).view({1, 1, grid.width, -1});
  const auto spread = [&](const at::Tensor& axis) {
    return axis.expand({grid.frames, grid.height, grid.width, axis.size(3)});
  };
  const at::Tensor angles = at::cat({spread(t), spread(h), spread(w)}, -1).view({grid.tokens(), 1, head_dim / 2});
  return {angles.cos().to(at::kFloat).to(device), angles.sin().to(at::kFloat).to(device)};
}

at::Tensor apply_rope(const at::Tensor& x, const Rope& rope) {
  const at::Tensor pairs = x.unflatten(-1, {-1, 2}).to(at::kFloat);
  const at::Tensor even = pairs.select(-1, 0);
  const at::Tensor odd = pairs.select(-1, 1);
  const at::Tensor rotated = at::stack({even * rope.cos - odd * rope.sin, even * rope.sin + odd * rope.cos}, -1);
  return rotated.flatten(-2).to(x.scalar_type());
}

}  // namespace wean::models
