// The numbers that `show` prints: one value for each site, gathered by phase and layer.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/base/progress.h"
#include "inspect/fields.h"
#include "inspect/kind.h"

namespace wean::inspect {

/// Values in [0, 1] of the sites of a file.
class SiteTable {
 public:
  SiteTable(std::size_t phases, std::size_t layers);
  /// `layer` counts over the experts: expert * layers + layer.
  void add(std::size_t phase, std::size_t layer, double value);

  struct Stats {
    double mean = 0, least = 0, most = 0;
    std::uint64_t sites = 0;
    std::uint64_t full = 0;  ///< sites with the value 1
  };
  [[nodiscard]] Stats of_phase(std::size_t phase) const;
  [[nodiscard]] double mean(std::size_t phase, std::size_t layer) const;
  [[nodiscard]] std::size_t phases() const noexcept { return phases_.size(); }
  [[nodiscard]] std::size_t layers() const noexcept { return layers_; }
  /// Sites with a value in [i / 10, (i + 1) / 10); those with the value 1 stand in the eleventh.
  [[nodiscard]] const std::array<std::uint64_t, 11>& histogram() const noexcept { return histogram_; }

 private:
  struct Cell {
    double sum = 0;
    std::uint64_t count = 0;
  };
  std::size_t layers_;
  std::vector<Stats> phases_;  // mean holds the sum until it is asked for
  std::vector<Cell> cells_;
  std::array<std::uint64_t, 11> histogram_{};
};

/// A table with its name: "density", "mass in the top 30 % of pairs".
struct NamedTable {
  std::string name;
  const char* key;  ///< in JSON
  SiteTable table;
};

struct Summary {
  Kind kind = Kind::kMasks;
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< of the file
  Fields fields;
  std::vector<Phase> phases;
  std::vector<NamedTable> tables;  ///< the first one has the histogram that is printed
  Fields extra;                    ///< counts that follow from the content
};

/// Densities of every head; the payloads are proven on the way.
[[nodiscard]] Summary summarize_masks(const std::filesystem::path& path);
/// Planned densities, predicted fidelities and fidelity targets; counts of scores and scopes.
[[nodiscard]] Summary summarize_plan(const std::filesystem::path& path);
/// Share of the mean mass that lies in the densest 10 % and 30 % of the pairs of each head. Reads every mass slab.
[[nodiscard]] Summary summarize_profile(const std::filesystem::path& path, const ProgressCallback& progress);
/// Meta of one prompt's shard.
[[nodiscard]] Summary summarize_shard(const std::filesystem::path& path);

/// By the file's kind.
[[nodiscard]] Summary summarize(const std::filesystem::path& path, const ProgressCallback& progress);

/// Share of the sum of `mass` in the `share` of the pairs that have the largest mass per token pair.
[[nodiscard]] double top_share(const BlockGeometry& geometry, std::span<const float> mass, double share);

}  // namespace wean::inspect
