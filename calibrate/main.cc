#include "calibrate/report.h"

int main(int argc, char** argv) {
  wean::calibrate::Options options;
  const wean::cli::Tool tool{"wean-calibrate", "Decides from a profile how much of every attention head is kept.",
                             [&](CLI::App& app) { wean::calibrate::declare(app, options); },
                             [&] { return wean::calibrate::run(options); }};
  return wean::cli::run_main(tool, argc, argv);
}
