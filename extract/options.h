// The command line of wean-extract: `wean-extract MODEL ...` and `wean-extract merge FOLDER...`.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "common/cli/run_main.h"
#include "extract/extract.h"

namespace wean::extract {

/// What the command line says, both forms.
struct CommandLine {
  cli::CommonOptions common;
  ExtractOptions extract;
  std::string size = "832x480";
  std::string block = "auto";
  std::string shard = "0/1";
  bool merge = false;
  std::vector<std::filesystem::path> merge_folders;
  std::filesystem::path merge_output;
  bool merge_partial = false;
};

/// Declares every option with its unit and default.
void declare(CLI::App& app, CommandLine& line);
/// Fills line.extract from the textual options. Throws kUsage naming the option and what is allowed.
void resolve(CommandLine& line);
/// Runs what the line asks for; returns the text for stdout.
[[nodiscard]] std::string execute(CommandLine& line);

}  // namespace wean::extract
