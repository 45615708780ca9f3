// The shape of every tool: options struct -> parse -> validate -> run -> report. main() is one call of run_main.
#pragma once
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace wean::cli {

/// Options that every tool has; a tool's own options struct holds one of these.
struct CommonOptions {
  bool json = false;     ///< --json: results on stdout for machines
  bool dry_run = false;  ///< --dry-run: say time, memory and bytes, do nothing
  bool force = false;    ///< --force: replace existing output
  bool quiet = false;    ///< --quiet: no progress on stderr
};

/// Declares --json, --dry-run, --force and --quiet on `app`.
void add_common_options(CLI::App& app, CommonOptions& options);

/// A tool: `declare` fills a CLI11 app whose callbacks write into options that live in the closure; `run` does the work
/// and returns what goes to stdout (text or JSON, already rendered).
struct Tool {
  const char* name;         ///< "wean-pack"
  const char* description;  ///< one line for --help
  std::function<void(CLI::App&)> declare;
  std::function<std::string()> run;
};

/// Parses, runs, prints. Returns the exit code of RELIABILITY section 5 (README lists them): errors become one line
/// "wean-pack: error: <what>" on stderr, usage errors add "see wean-pack --help". Also installs the stop handlers.
[[nodiscard]] int run_main(const Tool& tool, int argc, char** argv);

}  // namespace wean::cli
