// Command line of wean-calibrate.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "calibrate/method.h"
#include "calibrate/target.h"
#include "common/cli/run_main.h"

namespace wean::calibrate {

/// What the user typed; empty means not given.
struct Options {
  std::filesystem::path profile, output, csv;
  std::string method = "west-fast";
  std::string schedule;              ///< "steps=50,shift=5,sampler=unipc"; parts may be missing
  std::string sweep;                 ///< "0.15:0.90:0.05"
  std::string surface;               ///< "grid"
  std::optional<std::string> scope;  ///< "row" or "map"
  Target target;
  MethodOptions choices;  ///< all but the scope
  int threads = 0;        ///< 0 = all processors
  cli::CommonOptions common;
};

/// Densities of a sweep.
struct SweepRange {
  double low = 0.0, high = 0.0, step = 0.0;
  /// low, low + step, ... up to high (with a rounding slack).
  [[nodiscard]] std::vector<double> densities() const;
};

/// Declares all options on `app`; values land in `options`.
void declare(CLI::App& app, Options& options);

/// Pure. Throws kUsage saying the option, its value and what is allowed.
void validate(const Options& options);

/// Throws kUsage unless "lo:hi:step" with 0 < lo <= hi <= 1, step > 0 and at most 1,000 densities.
[[nodiscard]] SweepRange parse_sweep(const std::string& text);

/// Missing parts come from `fallback`. Throws kUsage on an unknown or repeated part or a bad number.
[[nodiscard]] Schedule parse_schedule(const std::string& text, const Schedule& fallback);

/// The methods' options with the scope filled in.
[[nodiscard]] MethodOptions method_options(const Options& options);

}  // namespace wean::calibrate
