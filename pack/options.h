// The command line of wean-pack.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/cli/run_main.h"
#include "pack/pack.h"

namespace wean::pack {

/// As the user gave it.
struct PackOptions {
  cli::CommonOptions common;
  std::filesystem::path plan, profile, output;
  std::string size, grid, block;       ///< empty: as the profile has it
  std::optional<std::int64_t> frames;  ///< pixel frames; none: as the profile has it
  std::string transfer = "scores";
  int threads = 0;
};

void declare_options(CLI::App& app, PackOptions& options);

/// Pure: the checked form of the options. Throws kUsage naming the option, its value and what is allowed.
[[nodiscard]] PackRequest validate(const PackOptions& options);

}  // namespace wean::pack
