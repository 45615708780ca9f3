#include "inspect/report.h"

#include <fmt/format.h>

#include "common/cli/json.h"
#include "common/cli/progress.h"
#include "common/cli/units.h"
#include "inspect/diff/report.h"
#include "inspect/plot/png_file.h"
#include "inspect/show/report.h"
#include "inspect/validate.h"

namespace wean::inspect {
namespace {

using cli::Json;

Outcome show(const InspectOptions& options) {
  cli::Progress progress("reading", 1, options.common.quiet);
  const bool slow = detect_kind(options.file) == Kind::kProfile;  // others are read at once
  const Summary summary = summarize(options.file, slow ? progress.callback() : ProgressCallback{});
  if (slow) progress.finish();
  return {options.common.json ? render_json(summary) : render_text(summary), 0};
}

Outcome validate_one(const InspectOptions& options) {
  const Validation validation = validate_file(options.file);
  if (options.common.json) {
    Json json = Json::object();
    json.set("valid", true).set("kind", to_string(validation.kind)).set("path", validation.path.string());
    return {json.set("bytes", validation.bytes).set("proven", validation.proven).dump(), 0};
  }
  return {fmt::format("{}: valid {} file, {} ({})\n", validation.path.string(), to_string(validation.kind),
                      cli::format_bytes(static_cast<double>(validation.bytes)), validation.proven),
          0};
}

Outcome diff(const InspectOptions& options) {
  const Difference difference = diff_files(options.file, options.other);
  return {options.common.json ? render_json(difference) : render_text(difference), difference.same() ? 0 : 1};
}

const char* dry_text(const InspectOptions& options) {
  return options.common.dry_run ? " (dry run: nothing was written)" : "";
}

Outcome plot_one(const InspectOptions& options) {
  const Image image = plot(plot_request(options));
  const std::vector<std::byte> png = encode_png(image);
  if (!options.common.dry_run) write_png(options.output, png, options.common.force);
  if (options.common.json) {
    Json json = Json::object();
    json.set("output", options.output.string()).set("width", image.width()).set("height", image.height());
    return {json.set("bytes", png.size()).set("dry_run", options.common.dry_run).dump(), 0};
  }
  return {fmt::format("{}: {} x {} pixels, {}{}\n", options.output.string(), image.width(), image.height(),
                      cli::format_bytes(static_cast<double>(png.size())), dry_text(options)),
          0};
}

Outcome export_all(const InspectOptions& options) {
  cli::Progress progress("exporting", 1, options.common.quiet);
  const ExportReport report = export_masks(export_request(options), progress.callback());
  progress.finish();
  if (options.common.json) {
    Json json = Json::object();
    json.set("output", options.output.string()).set("sections", report.sections).set("files", report.files);
    return {json.set("bytes", report.bytes).set("dry_run", options.common.dry_run).dump(), 0};
  }
  return {fmt::format("{}: {} sections in {} files, {}{}\n", options.output.string(), report.sections, report.files,
                      cli::format_bytes(static_cast<double>(report.bytes)), dry_text(options)),
          0};
}

}  // namespace

Outcome run(const InspectOptions& given) {
  const InspectOptions options = resolve(given);
  switch (options.command) {
    case Command::kShow:
      return show(options);
    case Command::kValidate:
      return validate_one(options);
    case Command::kDiff:
      return diff(options);
    case Command::kPlot:
      return plot_one(options);
    case Command::kExport:
      break;
  }
  return export_all(options);
}

}  // namespace wean::inspect
