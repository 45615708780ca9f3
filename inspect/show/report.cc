#include "inspect/show/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/cli/json.h"
#include "common/cli/table.h"
#include "common/cli/units.h"

namespace wean::inspect {
namespace {

using cli::Json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kDigestText = 64;
constexpr std::size_t kBarWidth = 40;

std::string share(double value) { return fmt::format("{:.3f}", value); }

/// Digests are cut to the 16 digits that messages show; --json has all.
std::string shown(const Field& field) {
  const std::string text = to_string(field.value);
  return text.size() == kDigestText ? text.substr(0, 16) : text;
}

std::string fields_text(const Fields& fields) {
  std::size_t width = 0;
  for (const Field& field : fields) width = std::max(width, field.name.size());
  std::string text;
  for (const Field& field : fields) {
    // Digests of all prompts and sigmas of all steps: --json has them. Phases have a table of their own.
    if (field.name.starts_with("prompt ") || field.name.starts_with("phase ") || field.name == "sigmas") continue;
    text += fmt::format("{:<{}}  {}\n", field.name, width, shown(field));
  }
  return text;
}

std::string sigma_text(const Phase& phase) {
  return fmt::format("({:.3f}, {:.3f}]", phase.sigma_low, phase.sigma_high);
}

/// Where there are no values: what the phases are.
std::string phase_table(const std::vector<Phase>& phases) {
  Rows rows;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    rows.push_back({fmt::format("{}", i), sigma_text(phases[i]), fmt::format("{}", phases[i].steps)});
  }
  return cli::render_table({"phase", "sigma", "steps"}, rows);
}

std::string phase_table(const SiteTable& table, const std::vector<Phase>& phases) {
  Rows rows;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const SiteTable::Stats stats = table.of_phase(i);
    rows.push_back({fmt::format("{}", i), sigma_text(phases[i]), fmt::format("{}", phases[i].steps), share(stats.mean),
                    share(stats.least), share(stats.most), fmt::format("{}/{}", stats.full, stats.sites)});
  }
  return cli::render_table({"phase", "sigma", "steps", "mean", "least", "most", "full sites"}, rows);
}

std::string layer_table(const SiteTable& table) {
  std::vector<std::string> header = {"layer"};
  for (std::size_t phase = 0; phase < table.phases(); ++phase) header.push_back(fmt::format("phase {}", phase));
  Rows rows;
  for (std::size_t layer = 0; layer < table.layers(); ++layer) {
    rows.push_back({fmt::format("{}", layer)});
    for (std::size_t phase = 0; phase < table.phases(); ++phase) rows.back().push_back(share(table.mean(phase, layer)));
  }
  return cli::render_table(header, rows);
}

std::string histogram_text(const SiteTable& table) {
  const auto& counts = table.histogram();
  const std::uint64_t most = std::max<std::uint64_t>(1, *std::max_element(counts.begin(), counts.end()));
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string range =
        i < 10 ? fmt::format("{:.1f} to {:.1f}", 0.1 * static_cast<double>(i), 0.1 * static_cast<double>(i + 1))
               : std::string("1, full");
    const std::size_t bar = (counts[i] * kBarWidth + most - 1) / most;
    text += fmt::format("{:<10}  {:>8}{}{}\n", range, counts[i], bar > 0 ? "  " : "", std::string(bar, '#'));
  }
  return text;
}

Json value_json(const FieldValue& value) {
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

Json fields_json(const Fields& fields) {
  Json json = Json::object();
  for (const Field& field : fields) json.set(field.name, value_json(field.value));
  return json;
}

Json stats_json(const SiteTable::Stats& stats) {
  Json json = Json::object();
  json.set("mean", stats.mean).set("least", stats.least).set("most", stats.most);
  return json.set("sites", stats.sites).set("full", stats.full);
}

Json table_json(const SiteTable& table) {
  Json phases = Json::array(), layers = Json::array(), histogram = Json::array();
  for (std::size_t phase = 0; phase < table.phases(); ++phase) {
    phases.push(stats_json(table.of_phase(phase)));
    Json means = Json::array();
    for (std::size_t layer = 0; layer < table.layers(); ++layer) means.push(table.mean(phase, layer));
    layers.push(means);
  }
  for (const std::uint64_t count : table.histogram()) histogram.push(count);
  Json json = Json::object();
  return json.set("phases", phases).set("layers", layers).set("histogram", histogram);
}

}  // namespace

std::string render_text(const Summary& summary) {
  std::string text = fmt::format("{}: {}, {} ({} bytes)\n\n", summary.path.string(), to_string(summary.kind),
                                 cli::format_bytes(static_cast<double>(summary.bytes)), summary.bytes);
  text += fields_text(summary.fields) + "\n" + fields_text(summary.extra);
  for (const NamedTable& named : summary.tables) {
    text += fmt::format("\n{} by phase\n{}", named.name, phase_table(named.table, summary.phases));
  }
  if (summary.tables.empty()) return text + "\n" + phase_table(summary.phases);
  const NamedTable& first = summary.tables.front();
  text += fmt::format("\n{} by layer, mean over heads and branches\n{}", first.name, layer_table(first.table));
  text += fmt::format("\nsites by {}\n{}", first.name, histogram_text(first.table));
  return text;
}

std::string render_json(const Summary& summary) {
  Json phases = Json::array();
  for (const Phase& phase : summary.phases) {
    Json one = Json::object();
    phases.push(one.set("sigma_high", phase.sigma_high).set("sigma_low", phase.sigma_low).set("steps", phase.steps));
  }
  Json json = Json::object();
  json.set("kind", to_string(summary.kind)).set("path", summary.path.string()).set("bytes", summary.bytes);
  json.set("meta", fields_json(summary.fields)).set("content", fields_json(summary.extra)).set("phases", phases);
  for (const NamedTable& named : summary.tables) json.set(named.key, table_json(named.table));
  return json.dump();
}

}  // namespace wean::inspect
