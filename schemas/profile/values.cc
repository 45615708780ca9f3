#include "schemas/profile/values.h"

#include <cmath>

#include "common/base/error.h"
#include "schemas/profile/slab_file.h"

namespace wean {
namespace {

constexpr double kSumTolerance = 1.0 / 256;

std::string where(const SlabPlace& place, const char* array) {
  return place.name + ": '" + array + "' of slab " + to_string(place.key);
}

/// "head 2, row 0, column 5" of a flat index into [heads, rows, columns].
std::string element(std::size_t index, std::size_t rows, std::size_t columns) {
  std::ostringstream text;
  text << "head " << index / (rows * columns) << ", row " << index / columns % rows << ", column " << index % columns;
  return text.str();
}

[[noreturn]] void refuse(const SlabPlace& place, const char* array, std::span<const float> values, std::size_t index,
                         const char* allowed) {
  const auto rows = static_cast<std::size_t>(place.meta.geometry().rows());
  const std::size_t columns = values.size() / (place.meta.model.heads * rows);
  const float value = values[index];
  fail(std::isfinite(value) ? ErrorCode::kMalformed : ErrorCode::kNotFinite, where(place, array), ": ", value, " at ",
       element(index, rows, columns), "; allowed are ", allowed);
}

double sum_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

bool sums_to(double sum, double expected) { return std::abs(sum - expected) <= kSumTolerance * expected; }

void check_row_mass(const SlabPlace& place, std::size_t line, std::span<const float> row) {
  for (const float value : row) {
    if (std::isfinite(value) && value >= 0) continue;
    fail(std::isfinite(value) ? ErrorCode::kMalformed : ErrorCode::kNotFinite, where(place, "rows_mass"), ": ", value,
         " in sampled row ", line, "; allowed are finite values from 0");
  }
  if (sums_to(sum_of(row), 1)) return;
  fail(ErrorCode::kMalformed, where(place, "rows_mass"), ": sampled row ", line, " sums to ", sum_of(row),
       "; it must sum to 1");
}

void check_row_indices(const SlabPlace& place, const RowSample& rows) {
  const ProfileMeta& meta = place.meta;
  const std::uint32_t steps = meta.phases[place.key.phase].steps;
  const std::uint32_t first = first_step(meta, place.key.phase);
  require(rows.steps == steps && rows.rows == meta.sampled_rows && rows.step.size() == steps &&
              rows.token.size() == std::size_t{steps} * rows.rows,
          ErrorCode::kMalformed, where(place, "rows"), ": ", rows.steps, " steps of ", rows.rows,
          " rows; the phase has ", steps, " of ", meta.sampled_rows);
  for (std::uint32_t i = 0; i < steps; ++i) {
    require(rows.step[i] == first + i, ErrorCode::kMalformed, where(place, "rows"), ": step ", rows.step[i],
            " stands where step ", first + i, " must stand");
  }
  for (const std::uint32_t token : rows.token) {
    if (token < meta.grid.tokens()) continue;
    fail(ErrorCode::kMalformed, where(place, "rows_token"), ": token ", token, "; allowed are 0 to ",
         meta.grid.tokens() - 1);
  }
}

}  // namespace

void check_statistic(const SlabPlace& place, const char* array, std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || values[i] < 0) refuse(place, array, values, i, "finite values from 0");
  }
}

void check_mass(const SlabPlace& place, std::span<const float> values) {
  check_statistic(place, "mass", values);
  const BlockGeometry geometry = place.meta.geometry();
  const auto rows = static_cast<std::size_t>(geometry.rows());
  const auto cols = static_cast<std::size_t>(geometry.cols());
  for (std::size_t line = 0; line < values.size() / cols; ++line) {
    const auto size = static_cast<double>(geometry.row_size(static_cast<std::int64_t>(line % rows)));
    const double expected = size * static_cast<double>(place.meta.prompts.size());
    const double sum = sum_of(values.subspan(line * cols, cols));
    if (sums_to(sum, expected)) continue;
    fail(ErrorCode::kMalformed, where(place, "mass"), ": head ", line / rows, ", row ", line % rows, " sums to ", sum,
         "; it must sum to ", expected);
  }
}

void check_threshold(const SlabPlace& place, const char* array, std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] > 0 && values[i] <= 1)) refuse(place, array, values, i, "values in (0, 1]");
  }
}

void check_rows(const SlabPlace& place, const RowSample& rows) {
  check_row_indices(place, rows);
  const auto cols = static_cast<std::size_t>(place.meta.geometry().cols());
  const std::size_t lines = std::size_t{rows.steps} * place.meta.model.heads * rows.rows;
  require(rows.mass.size() == lines * cols, ErrorCode::kMalformed, where(place, "rows_mass"), ": ", rows.mass.size(),
          " values; ", lines * cols, " are needed");
  for (std::size_t line = 0; line < lines; ++line) {
    check_row_mass(place, line, std::span(rows.mass).subspan(line * cols, cols));
  }
}

}  // namespace wean
