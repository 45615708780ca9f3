// The command line of wean-inspect.
#pragma once
#include <cstdint>
#include <filesystem>
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
  std::filesystem::path file, other, output, profile;
  std::string branch = "conditional";
  std::uint32_t phase = 0, expert = 0, layer = 0, head = 0;
  bool montage = false;
  int side = 560;
  std::string to = "lists";
};

void declare_options(CLI::App& app, InspectOptions& options);

/// Pure. Throws kUsage naming the option, its value and what is allowed.
void validate(const InspectOptions& options);
[[nodiscard]] PlotRequest plot_request(const InspectOptions& options);
[[nodiscard]] ExportRequest export_request(const InspectOptions& options);

}  // namespace wean::inspect
