#include "common/cli/table.h"

#include <algorithm>

#include "common/base/error.h"

namespace wean::cli {
namespace {

using Row = std::vector<std::string>;

/// Code points, not bytes: continuation bytes take no column.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string render_row(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - columns_of(row[i]), ' ');
    line += i == 0 ? row[i] + padding : "  " + padding + row[i];
  }
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string render_table(const Row& header, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(header.size(), 0);
  const auto widen = [&widths](const Row& row) {
    require(row.size() == widths.size(), ErrorCode::kSelfCheck, "table row of ", row.size(), " cells under ",
            widths.size(), " headings");
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  };
  widen(header);
  std::for_each(rows.begin(), rows.end(), widen);
  Row rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  std::string text = render_row(header, widths) + render_row(rule, widths);
  for (const Row& row : rows) text += render_row(row, widths);
  return text;
}

}  // namespace wean::cli
