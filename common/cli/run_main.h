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

/// Parses, runs, prints. Returns the exit code (README and --help list them): an Error becomes one line
/// "wean-pack: error: <what>" on stderr and its code, a bad command line or kUsage adds "see wean-pack --help", lack of
/// memory and std::filesystem errors give 6, any other exception 70 and is called a bug. --help (with the default of
/// every option) and --version give 0. Result that cannot be written to stdout gives 6. Installs the stop handlers.
[[nodiscard]] int run_main(const Tool& tool, int argc, char** argv);

}  // namespace wean::cli
