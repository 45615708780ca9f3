// The command line of wean-inspect.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/cli/run_main.h"
#include "inspect/export/export.h"
#include "inspect/plot/plot.h"

namespace wean::inspect {

enum class Command : std::uint8_t { kShow, kValidate, kDiff, kPlot, kExport };

/// As the user gave it.
struct InspectOptions {
  cli::CommonOptions common;
  Command command = Command::kShow;
  std::filesystem::path shown;  ///< given before a command or without one
  std::filesystem::path file, other, output, profile;
  Branch branch = Branch::kConditional;
  std::uint32_t phase = 0, expert = 0, layer = 0, head = 0;
  bool montage = false;
  std::optional<int> side;
  ExportForm to = ExportForm::kLists;
};

void declare_options(CLI::App& app, InspectOptions& options);

/// Pure: returns the options with the file to work on in `file`. Throws kUsage naming the option, its value and what is
/// allowed.
[[nodiscard]] InspectOptions resolve(const InspectOptions& options);
[[nodiscard]] PlotRequest plot_request(const InspectOptions& options);
[[nodiscard]] ExportRequest export_request(const InspectOptions& options);

}  // namespace wean::inspect
