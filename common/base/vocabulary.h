// The words of DESIGN.md section 2 that every layer shares: grid, branch, phases, model identity.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/base/digest.h"

namespace wean {

/// Token grid after patchify. Tokens are row-major (t, h, w): index = (t * height + h) * width + w.
struct Grid {
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  [[nodiscard]] std::int64_t tokens() const noexcept { return frames * height * width; }
  bool operator==(const Grid&) const = default;
};

/// "9x12x12": frames x height x width in tokens.
[[nodiscard]] std::string to_string(const Grid& grid);

/// Pass of classifier-free guidance.
enum class Branch : std::uint8_t { kConditional = 0, kUnconditional = 1 };
[[nodiscard]] const char* to_string(Branch branch) noexcept;

/// An interval of sigma, (low, high]; the last phase of a table also holds low = 0. `steps` = calibration steps in it.
struct Phase {
  double sigma_high = 1.0;
  double sigma_low = 0.0;
  std::uint32_t steps = 0;
  bool operator==(const Phase&) const = default;
};

/// Phases from high noise to low, without gaps: front().sigma_high == 1, back().sigma_low == 0.
using PhaseTable = std::vector<Phase>;

/// Index of the phase that holds `sigma`; sigma is clamped to [0, 1]. `phases` must not be empty.
[[nodiscard]] std::size_t phase_of(std::span<const Phase> phases, double sigma);

/// Cuts a falling list of sigmas into `count` phases with equal step counts (the first ones get the remainder); bounds
/// are midpoints between neighbouring sigmas, the outer two are 1 and 0. Throws kUsage when count is 0 or above the
/// steps.
[[nodiscard]] PhaseTable make_phases(std::span<const double> sigmas, std::size_t count);

/// Throws kMalformed with `where` when the table is empty, has gaps, or does not span [0, 1].
void check_phases(std::span<const Phase> phases, const std::string& where);

/// Which checkpoint a file was made from, and its shape. Fingerprints: RELIABILITY rules in schemas/masks.md.
struct ModelIdentity {
  std::string family;         ///< "wan2.1-t2v"
  std::uint32_t experts = 1;  ///< transformers that share the schedule (2 for mixture checkpoints)
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;
  std::uint32_t head_dim = 0;
  Digest weights{};  ///< Merkle root over every tensor of the transformer
  Digest config{};   ///< over the fields that change the computation
  Digest quick{};    ///< the weights tree over samples of each tensor
  bool operator==(const ModelIdentity&) const = default;
};

}  // namespace wean
