#include "inspect/options.h"

#include <CLI/CLI.hpp>

#include "common/base/error.h"
#include "common/cli/choice.h"

namespace wean::inspect {
namespace {

constexpr const char* kCommands = "show, validate, diff, plot, export";
constexpr const char* kExitCode =
    "diff exits with 0 when the files hold the same and with 1 when they differ; stdout says in what.";

CLI::App* add_command(CLI::App& app, InspectOptions& options, const char* name, const char* what, Command command) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->callback([&options, command] { options.command = command; });
  return sub;
}

void add_file(CLI::App& app, InspectOptions& options, const char* what) {
  app.add_option("file", options.file, what)->required()->type_name("FILE");
}

/// Commands that write nothing have nothing to force and no need for a dry run.
void add_reader_options(CLI::App& app, InspectOptions& options) {
  app.add_flag("--json", options.common.json, "Print the result on stdout as JSON")->always_capture_default(false);
  app.add_flag("--quiet", options.common.quiet, "No progress on stderr")->always_capture_default(false);
}

/// A word in the place of a file is a mistyped command or name.
std::string check_shown(const std::string& name) {
  if (std::filesystem::exists(name)) return {};
  return "'" + name + "' is neither a file nor a command; commands are " + kCommands;
}

void declare_readers(CLI::App& app, InspectOptions& options) {
  const char* any = "profile.h5 (or a shard of one), plan.h5 or masks.wean";
  CLI::App* show = add_command(app, options, "show", "What a file holds (the default)", Command::kShow);
  add_file(*show, options, any);
  CLI::App* validate = add_command(app, options, "validate", "Prove everything that can be proven", Command::kValidate);
  add_file(*validate, options, any);
  CLI::App* diff = add_command(app, options, "diff", "How two files differ: exit 0 equal, 1 different", Command::kDiff);
  diff->add_option("a", options.file, "first file: profile.h5, plan.h5 or masks.wean")->required()->type_name("A");
  diff->add_option("b", options.other, "second file of the same kind")->required()->type_name("B");
  diff->footer(std::string(kExitCode) + "\n\n" + app.get_footer());
  for (CLI::App* command : {show, validate, diff}) add_reader_options(*command, options);
}

/// A whole number from 0; the file says up to where.
void add_index(CLI::App& app, const char* name, std::uint32_t& value, const char* what) {
  CLI::Range whole(0, 1 << 20);
  app.add_option(name, value, what)->check(whole.description(""))->type_name("N");
}

void declare_plot(CLI::App& app, InspectOptions& options) {
  CLI::App* plot = add_command(app, options, "plot", "A site's mass and mask as a PNG picture", Command::kPlot);
  add_file(*plot, options, "masks.wean or profile.h5");
  plot->add_option("-o,--output", options.output, "picture to write (.png)")->required()->type_name("PNG");
  plot->add_option("--profile", options.profile, "profile whose mass is shown beside the masks")->type_name("PROFILE");
  add_index(*plot, "--phase", options.phase, "phase, from 0");
  add_index(*plot, "--layer", options.layer, "layer, from 0");
  add_index(*plot, "--head", options.head, "head, from 0");
  add_index(*plot, "--expert", options.expert, "expert, from 0");
  cli::add_choice<Branch>(*plot, "--branch", options.branch,
                          {{"conditional", Branch::kConditional}, {"unconditional", Branch::kUnconditional}},
                          "pass of guidance");
  CLI::Range pixels(32, 4096);
  plot->add_option("--side", options.side, "longer side of a map, about, in pixels: 32 to 4096")
      ->check(pixels.description(""))
      ->type_name("PIXELS")
      ->default_str("560, in a montage 150");
  plot->add_flag("--montage", options.montage, "all heads of the layer")->always_capture_default(false);
  cli::add_common_options(*plot, options.common);
}

void declare_export(CLI::App& app, InspectOptions& options) {
  CLI::App* sub = add_command(app, options, "export", "Masks as NumPy arrays", Command::kExport);
  add_file(*sub, options, "masks.wean");
  cli::add_choice<ExportForm>(*sub, "--to", options.to,
                              {{"npy", ExportForm::kNpy}, {"lists", ExportForm::kLists}, {"flex", ExportForm::kFlex}},
                              "form of the arrays");
  sub->add_option("-o,--output", options.output, "folder to write to")->required()->type_name("FOLDER");
  cli::add_common_options(*sub, options.common);
  sub->footer(
      "Files are called phase<p>-<cond|uncond>-expert<e>-layer<l>, one section (all heads) each, and then:\n"
      "  npy    .npy            bool  [heads, rows, cols], true = kept\n"
      "  lists  .counts.npy     int32 [heads, rows], kept key blocks of every query block\n"
      "         .indices.npy    int32 [sum of counts], these key blocks one after another\n"
      "  flex   .kv_num_blocks.npy, .kv_indices.npy  int32 [1, heads, rows], [1, heads, rows, cols]: arguments of\n"
      "         FlexAttention's BlockMask.from_kv_blocks, whose BLOCK_SIZE is the file's block\n\n" +
      app.get_footer());
}

}  // namespace

void declare_options(CLI::App& app, InspectOptions& options) {
  app.require_subcommand(0, 1);
  app.add_option("file", options.shown, "file to show: profile.h5 (or a shard of one), plan.h5 or masks.wean")
      ->check(check_shown, "", "")
      ->type_name("FILE");
  cli::add_common_options(app, options.common);
  declare_readers(app, options);
  declare_plot(app, options);
  declare_export(app, options);
  app.footer("wean-inspect SUBCOMMAND --help says more.\n" + std::string(kExitCode) + "\n\n" + app.get_footer());
}

InspectOptions resolve(const InspectOptions& options) {
  InspectOptions resolved = options;
  if (options.file.empty()) resolved.file = options.shown;  // no command
  require(!resolved.file.empty(), ErrorCode::kUsage,
          "which file? give profile.h5, plan.h5 or masks.wean, or a command: ", kCommands);
  require(options.file.empty() || options.shown.empty(), ErrorCode::kUsage, options.shown.string(),
          ": files come behind the command");
  require(!options.montage || options.head == 0, ErrorCode::kUsage, "--montage shows all heads; --head ", options.head,
          " excludes it");
  return resolved;
}

PlotRequest plot_request(const InspectOptions& options) {
  PlotRequest request;
  request.file = options.file;
  if (!options.profile.empty()) request.profile = options.profile;
  request.key = {options.phase, options.branch, options.expert, options.layer};
  request.head = options.head;
  request.montage = options.montage;
  request.side = options.side;
  return request;
}

ExportRequest export_request(const InspectOptions& options) {
  return {options.file, options.output, options.to, options.common.force, options.common.dry_run};
}

}  // namespace wean::inspect
