#include "common/cli/run_main.h"
#include "verify/options.h"

int main(int argc, char** argv) {
  wean::verify::CommandLine line;
  return wean::cli::run_main(
      {"wean-verify", "Samples held-out prompts dense and sparse, and measures how close the videos are.",
       [&](CLI::App& app) { wean::verify::declare(app, line); }, [&] { return wean::verify::execute(line); }},
      argc, argv);
}
