#include "inspect/report.h"

int main(int argc, char** argv) {
  wean::inspect::InspectOptions options;
  int exit_code = 0;
  const wean::cli::Tool tool{"wean-inspect", "Shows, proves, compares and draws profiles, plans and mask files.",
                             [&](CLI::App& app) { wean::inspect::declare_options(app, options); },
                             [&] {
                               wean::inspect::Outcome outcome = wean::inspect::run(options);
                               exit_code = outcome.exit;
                               return outcome.text;
                             }};
  const int failed = wean::cli::run_main(tool, argc, argv);
  return failed != 0 ? failed : exit_code;
}
