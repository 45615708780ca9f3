// The command line of wean-verify.
#pragma once
#include <string>

#include "common/cli/run_main.h"
#include "verify/verify.h"

namespace wean::verify {

/// What the command line says.
struct CommandLine {
  cli::CommonOptions common;
  VerifyOptions verify;
};

/// Declares every option with its unit and default.
void declare(CLI::App& app, CommandLine& line);
/// Runs what the line asks for; returns the text for stdout.
[[nodiscard]] std::string execute(CommandLine& line);

}  // namespace wean::verify
