#include "calibrate/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "common/base/error.h"

namespace wean::calibrate {
namespace {

constexpr double kMaxSweep = 1000;
constexpr double kMaxShift = 1000;

/// The whole of `text` as a number, independent of the locale.
double number_in(const std::string& option, const std::string& whole, std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc{} && end == text.data() + text.size() && std::isfinite(value), ErrorCode::kUsage, option,
          " '", whole, "': '", text, "' is not a number");
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

void check_range(const char* option, double value, double low, double high) {
  require(value >= low && value <= high, ErrorCode::kUsage, option, " ", value, " is not in [", low, ", ", high, "]");
}

void check_positive(const char* option, double value) {
  require(std::isfinite(value) && value > 0.0, ErrorCode::kUsage, option, " ", value, " is not a positive number");
}

void validate_mode(const Options& o) {
  const bool asked = o.target.density || o.target.fidelity || o.method == "dense";
  require(!(o.target.density && o.target.fidelity), ErrorCode::kUsage, "give --density or --fidelity, not both");
  require(o.sweep.empty() || (!o.target.density && !o.target.fidelity && o.surface.empty()), ErrorCode::kUsage,
          "--sweep takes the place of --density, --fidelity and --surface");
  require(asked || !o.sweep.empty(), ErrorCode::kUsage, "no target: give --density, --fidelity or --sweep");
  require(o.surface.empty() || o.surface == "grid", ErrorCode::kUsage, "--surface '", o.surface,
          "' is unknown, allowed is grid");
  require(o.surface.empty() || (o.target.density && o.method.starts_with("west-fast")), ErrorCode::kUsage,
          "--surface grid needs --density and a west-fast method");
  require(o.csv.empty() || !o.sweep.empty(), ErrorCode::kUsage, "--csv needs --sweep");
  const bool writes_plan = o.sweep.empty() && o.surface.empty() && !o.common.dry_run;
  require(!writes_plan || !o.output.empty(), ErrorCode::kUsage, "no output: give -o plan.h5");
  require(o.output.empty() || (o.sweep.empty() && o.surface.empty()), ErrorCode::kUsage,
          "-o goes with --density or --fidelity only; --sweep and --surface write no plan");
}

void validate_method(const Options& o) {
  if (o.method != "all") (void)find_method(o.method);
  require(o.method != "all" || !o.sweep.empty(), ErrorCode::kUsage, "--method all needs --sweep");
  require(!o.scope || *o.scope == "row" || *o.scope == "map", ErrorCode::kUsage, "--scope '", o.scope.value_or(""),
          "' is unknown, allowed are row and map");
  const auto belongs = [&](const char* option, bool given, std::string_view method) {
    require(!given || o.method == "all" || o.method.starts_with(method), ErrorCode::kUsage, option,
            " goes with --method ", method, ", not with ", o.method);
  };
  require(!o.scope || o.method == "west-fast", ErrorCode::kUsage, "--scope goes with --method west-fast, not with ",
          o.method);
  belongs("--warmup", o.choices.warmup.has_value(), "uniform-warmup");
  belongs("--west-w", o.choices.west_w.has_value(), "west-fast");
  belongs("--west-gamma", o.choices.west_gamma.has_value(), "west-fast");
  belongs("--time-weight", o.choices.time_weight.has_value(), "removal-error");
}

}  // namespace

std::vector<double> SweepRange::densities() const {
  std::vector<double> values;
  for (int i = 0; low + i * step <= high + 1e-9; ++i) values.push_back(std::min(low + i * step, 1.0));
  return values;
}

SweepRange parse_sweep(const std::string& text) {
  const auto parts = split(text, ':');
  require(parts.size() == 3, ErrorCode::kUsage, "--sweep '", text, "' is not lo:hi:step, such as 0.15:0.90:0.05");
  const SweepRange range{number_in("--sweep", text, parts[0]), number_in("--sweep", text, parts[1]),
                         number_in("--sweep", text, parts[2])};
  require(range.low > 0.0 && range.low <= range.high && range.high <= 1.0 && range.step > 0.0, ErrorCode::kUsage,
          "--sweep '", text, "': allowed are 0 < lo <= hi <= 1 and step > 0");
  require((range.high - range.low) / range.step < kMaxSweep, ErrorCode::kUsage, "--sweep '", text, "': more than ",
          kMaxSweep, " densities");
  return range;
}

Schedule parse_schedule(const std::string& text, const Schedule& fallback) {
  Schedule schedule = fallback;
  std::string seen;
  for (const auto& part : split(text, ',')) {
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    require(equals != std::string::npos && (name == "steps" || name == "shift" || name == "sampler"), ErrorCode::kUsage,
            "--schedule '", text, "': '", part, "' is not steps=N, shift=X or sampler=NAME");
    require(seen.find(name) == std::string::npos, ErrorCode::kUsage, "--schedule '", text, "': ", name,
            " is given twice");
    seen += name + " ";
    const auto value = part.substr(equals + 1);
    if (name == "sampler") {
      schedule.sampler = value;
    } else if (name == "shift") {
      schedule.shift = number_in("--schedule", text, value);
      require(schedule.shift > 0.0 && schedule.shift <= kMaxShift, ErrorCode::kUsage, "--schedule '", text, "': shift ",
              value, " is not in (0, ", kMaxShift, "]");
    } else {
      const double steps = number_in("--schedule", text, value);
      require(steps >= 1 && steps <= 1000 && steps == std::floor(steps), ErrorCode::kUsage, "--schedule '", text,
              "': steps ", value, " is not a whole number in 1..1000");
      schedule.steps = static_cast<std::uint32_t>(steps);
    }
  }
  return schedule;
}

MethodOptions method_options(const Options& options) {
  auto choices = options.choices;
  if (options.scope) choices.scope = *options.scope == "row" ? TopkScope::kRow : TopkScope::kMap;
  return choices;
}

void validate(const Options& options) {
  validate_method(options);
  validate_mode(options);
  const auto& c = options.choices;
  if (options.target.density)
    require(*options.target.density > 0.0 && *options.target.density <= 1.0, ErrorCode::kUsage, "--density ",
            *options.target.density, " is not in (0, 1]");
  if (options.target.fidelity)
    require(*options.target.fidelity >= 0.0 && *options.target.fidelity < 1.0, ErrorCode::kUsage, "--fidelity ",
            *options.target.fidelity, " is not in [0, 1)");
  if (!options.sweep.empty()) (void)parse_sweep(options.sweep);
  if (!options.schedule.empty()) (void)parse_schedule(options.schedule, {});
  if (c.row_floor) check_range("--row-floor", *c.row_floor, 0.0, 1.0);
  if (c.warmup) check_range("--warmup", *c.warmup, 0.0, 1.0);
  if (c.west_w) check_positive("--west-w", *c.west_w);
  if (c.west_gamma) check_positive("--west-gamma", *c.west_gamma);
  if (c.time_weight) check_range("--time-weight", *c.time_weight, 0.0, 100.0);
  check_range("--threads", options.threads, 0, 1024);
}

void declare(CLI::App& app, Options& o) {
  std::string names;
  for (const auto& method : methods()) names += "\n  " + std::string(method.name) + ": " + std::string(method.summary);
  app.add_option("profile", o.profile, "profile.h5 of wean-extract")->required()->always_capture_default(false);
  app.add_option("-o,--output", o.output, "plan.h5 to write");
  app.add_option("--density", o.target.density, "Global density g to reach within .005, in (0, 1]");
  app.add_option("--fidelity", o.target.fidelity,
                 "Mean predicted fidelity F to reach, in [0, 1); F .9 is a kept mass of .98");
  app.add_option("--sweep", o.sweep, "lo:hi:step of densities: predictions only, no plan");
  app.add_option("--csv", o.csv, "File for the sweep by phase and layer");
  app.add_option("--surface", o.surface, "grid: west-fast at --density for every target surface that reaches it");
  app.add_option("--method", o.method, "How budgets are given, or all (with --sweep):" + names);
  app.add_option("--schedule", o.schedule,
                 "steps=N,shift=X,sampler=unipc|euler that g is counted on; missing parts as in the profile");
  app.add_option("--row-floor", o.choices.row_floor, "Least share of pairs in every query row [0; removal-error .1]");
  app.add_flag("--keep-diagonal,!--no-keep-diagonal", o.choices.keep_diagonal,
               "Keep pairs of the same tokens [off; removal-error on]");
  app.add_option("--dense-phases", o.choices.dense_phases, "First profile phases that stay dense");
  app.add_option("--dense-layers", o.choices.dense_layers, "Layers that stay dense, such as 0,1")->delimiter(',');
  app.add_option("--warmup", o.choices.warmup, "uniform-warmup: share of the steps that run dense first [.2]");
  app.add_option("--scope", o.scope, "west-fast: Top-k over each query row or the whole map: row or map [map]");
  app.add_option("--west-w", o.choices.west_w,
                 "west-fast: weight w' of the steps against the layers in the target [4]");
  app.add_option("--west-gamma", o.choices.west_gamma,
                 "west-fast: exponent of the target [the first of 1, 2, 4 that reaches g]");
  app.add_option("--time-weight", o.choices.time_weight,
                 "removal-error: phases weigh exp(-time_weight t), t in [0, 1] [4]");
  app.add_option("--threads", o.threads, "Threads, 0 = one a processor; the plan does not depend on it");
  cli::add_common_options(app, o.common);
}

}  // namespace wean::calibrate
