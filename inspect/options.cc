#include "inspect/options.h"

#include <CLI/CLI.hpp>

#include "common/base/error.h"

namespace wean::inspect {
namespace {

CLI::App* add_command(CLI::App& app, InspectOptions& options, const char* name, const char* what, Command command) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->fallthrough();
  sub->callback([&options, command] { options.command = command; });
  return sub;
}

void add_file(CLI::App& app, InspectOptions& options) {
  app.add_option("file", options.file, "profile.h5, plan.h5 or masks.wean")->required()->type_name("FILE");
}

void declare_plot(CLI::App& app, InspectOptions& options) {
  CLI::App* plot = add_command(app, options, "plot", "A site's mass and mask as a PNG picture", Command::kPlot);
  plot->add_option("file", options.file, "masks.wean or profile.h5")->required()->type_name("FILE");
  plot->add_option("-o,--output", options.output, "picture to write (.png)")->required()->type_name("PNG");
  plot->add_option("--profile", options.profile, "profile whose mass is shown beside the masks")->type_name("PROFILE");
  plot->add_option("--phase", options.phase, "phase, from 0")->type_name("N");
  plot->add_option("--layer", options.layer, "layer, from 0")->type_name("N");
  plot->add_option("--head", options.head, "head, from 0")->type_name("N");
  plot->add_option("--expert", options.expert, "expert, from 0")->type_name("N");
  plot->add_option("--branch", options.branch, "pass of guidance")
      ->check(CLI::IsMember({"conditional", "unconditional"}));
  plot->add_option("--side", options.side, "longer side of a map, about, in pixels")
      ->check(CLI::Range(32, 4096))
      ->type_name("PIXELS");
  plot->add_flag("--montage", options.montage, "all heads of the layer")->always_capture_default(false);
}

void declare_export(CLI::App& app, InspectOptions& options) {
  CLI::App* sub = add_command(app, options, "export", "Masks as NumPy arrays", Command::kExport);
  sub->add_option("file", options.file, "masks.wean")->required()->type_name("FILE");
  sub->add_option("--to", options.to,
                  "npy: bool maps; lists: counts and kept columns; flex: FlexAttention's kv_num_blocks and kv_indices")
      ->check(CLI::IsMember({"npy", "lists", "flex"}));
  sub->add_option("-o,--output", options.output, "folder to write to")->required()->type_name("FOLDER");
}

}  // namespace

void declare_options(CLI::App& app, InspectOptions& options) {
  app.require_subcommand(0, 1);
  app.add_option("file", options.file, "file to show: profile.h5, plan.h5 or masks.wean")->type_name("FILE");
  cli::add_common_options(app, options.common);
  add_file(*add_command(app, options, "show", "What a file holds (the default)", Command::kShow), options);
  add_file(*add_command(app, options, "validate", "Prove everything that can be proven", Command::kValidate), options);
  CLI::App* diff = add_command(app, options, "diff", "How two files differ: exit 0 equal, 1 different", Command::kDiff);
  diff->add_option("a", options.file, "first file")->required()->type_name("A");
  diff->add_option("b", options.other, "second file of the same kind")->required()->type_name("B");
  declare_plot(app, options);
  declare_export(app, options);
}

void validate(const InspectOptions& options) {
  require(!options.file.empty(), ErrorCode::kUsage,
          "which file? give profile.h5, plan.h5 or masks.wean, or a command: show, validate, diff, plot, export");
  require(!options.montage || options.head == 0, ErrorCode::kUsage, "--montage shows all heads; --head ", options.head,
          " excludes it");
}

PlotRequest plot_request(const InspectOptions& options) {
  PlotRequest request;
  request.file = options.file;
  if (!options.profile.empty()) request.profile = options.profile;
  const Branch branch = options.branch == "conditional" ? Branch::kConditional : Branch::kUnconditional;
  request.key = {options.phase, branch, options.expert, options.layer};
  request.head = options.head;
  request.montage = options.montage;
  request.side = options.side;
  return request;
}

ExportRequest export_request(const InspectOptions& options) {
  const ExportForm form = options.to == "npy"     ? ExportForm::kNpy
                          : options.to == "lists" ? ExportForm::kLists
                                                  : ExportForm::kFlex;
  return {options.file, options.output, form, options.common.force};
}

}  // namespace wean::inspect
