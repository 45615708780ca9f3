#include "common/cli/run_main.h"
#include "extract/options.h"

int main(int argc, char** argv) {
  wean::extract::CommandLine line;
  return wean::cli::run_main(
      {"wean-extract", "Profiles a video DiT checkpoint: attention statistics per phase, layer and head.",
       [&](CLI::App& app) { wean::extract::declare(app, line); }, [&] { return wean::extract::execute(line); }},
      argc, argv);
}
