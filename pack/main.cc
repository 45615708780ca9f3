#include "common/cli/progress.h"
#include "pack/options.h"
#include "pack/report.h"

int main(int argc, char** argv) {
  wean::pack::PackOptions options;
  const wean::cli::Tool tool{"wean-pack", "Turns a plan into a bit-wise mask file for any resolution and block size.",
                             [&](CLI::App& app) { wean::pack::declare_options(app, options); },
                             [&] {
                               const auto request = wean::pack::validate(options);
                               wean::cli::Progress progress("packing", 1, options.common.quiet);
                               const auto report = wean::pack::run(request, progress.callback());
                               progress.finish();
                               return options.common.json ? render_json(report) : render_text(report);
                             }};
  return wean::cli::run_main(tool, argc, argv);
}
