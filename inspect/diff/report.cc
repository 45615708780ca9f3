#include "inspect/diff/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/cli/json.h"
#include "common/cli/table.h"

namespace wean::inspect {
namespace {

using cli::Json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kDigestText = 64;
constexpr std::size_t kShortDigest = 16;
constexpr std::size_t kLongText = 60;

/// Digests are cut to the 16 digits that messages show, unless those are equal; --json has all.
std::string shown(const std::string& value, const std::string& other) {
  if (value.empty()) return "-";
  const bool digest = value.size() == kDigestText && value.substr(0, kShortDigest) != other.substr(0, kShortDigest);
  return digest ? value.substr(0, kShortDigest) : value;
}

/// Long texts (options, sigmas) stand below the table, one file under the other: what differs meets the eye there.
std::string fields_text(const Difference& difference) {
  Rows rows;
  std::string below;
  for (const FieldDifference& field : difference.fields) {
    const std::string a = shown(field.a, field.b), b = shown(field.b, field.a);
    if (std::max(a.size(), b.size()) <= kLongText) {
      rows.push_back({field.name, a, b});
    } else {
      below += fmt::format("{}\n  a  {}\n  b  {}\n\n", field.name, a, b);
    }
  }
  return (rows.empty() ? "" : cli::render_table({"field", "a", "b"}, rows) + "\n") + below;
}

std::string values_text(const Difference& difference) {
  Rows rows;
  for (const ValueDifference& value : difference.values) {
    rows.push_back({value.name, fmt::format("{}", value.count),
                    value.largest ? fmt::format("{:.6g}", *value.largest) : "-", value.where});
  }
  return rows.empty() ? "" : cli::render_table({"values", "differ", "by at most", "at"}, rows) + "\n";
}

std::string overlaps_text(const Difference& difference) {
  Rows rows;
  for (const MaskOverlap& overlap : difference.overlaps) {
    if (overlap.differing == 0) continue;
    rows.push_back({fmt::format("{}", overlap.phase), fmt::format("{}", overlap.layer),
                    fmt::format("{:.4f}", overlap.iou), fmt::format("{:.4f}", overlap.density_a),
                    fmt::format("{:.4f}", overlap.density_b), fmt::format("{}", overlap.differing)});
  }
  if (rows.empty()) return "";
  return cli::render_table({"phase", "layer", "IoU", "density a", "density b", "heads that differ"}, rows) + "\n";
}

}  // namespace

std::string render_text(const Difference& difference) {
  std::string text = fmt::format("a  {}\nb  {}\n\n", difference.a.string(), difference.b.string());
  if (difference.same()) return text + "no difference\n";
  text += fields_text(difference) + values_text(difference) + overlaps_text(difference);
  return difference.note.empty() ? text : text + difference.note + "\n";
}

std::string render_json(const Difference& difference) {
  Json fields = Json::array(), values = Json::array(), overlaps = Json::array();
  for (const FieldDifference& field : difference.fields) {
    fields.push(Json::object().set("name", field.name).set("a", field.a).set("b", field.b));
  }
  for (const ValueDifference& value : difference.values) {
    Json one = Json::object();
    one.set("name", value.name).set("count", value.count);
    one.set("largest", value.largest ? Json(*value.largest) : Json()).set("where", value.where);
    values.push(one);
  }
  for (const MaskOverlap& overlap : difference.overlaps) {
    Json one = Json::object();
    one.set("phase", overlap.phase).set("layer", overlap.layer).set("iou", overlap.iou);
    one.set("density_a", overlap.density_a).set("density_b", overlap.density_b);
    overlaps.push(one.set("differing_heads", overlap.differing));
  }
  Json json = Json::object();
  json.set("same", difference.same()).set("kind", to_string(difference.kind));
  json.set("a", difference.a.string()).set("b", difference.b.string());
  json.set("fields", fields).set("values", values).set("overlaps", overlaps);
  return json.set("note", difference.note).dump();
}

}  // namespace wean::inspect
