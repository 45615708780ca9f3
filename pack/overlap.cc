#include "pack/overlap.h"

#include <algorithm>
#include <map>

#include "common/base/checked.h"

namespace wean::pack {
namespace {

/// Source cells under one target cell of an axis, with overlaps in units of 1 / target cells.
struct AxisSpan {
  std::int64_t first = 0;
  std::vector<std::int64_t> overlap;
};

std::vector<AxisSpan> axis_spans(std::int64_t source, std::int64_t target) {
  std::vector<AxisSpan> spans(static_cast<std::size_t>(target));
  for (std::int64_t i = 0; i < target; ++i) {
    const std::int64_t low = i * source;
    const std::int64_t high = low + source;
    AxisSpan& span = spans[static_cast<std::size_t>(i)];
    span.first = low / target;
    for (std::int64_t cell = span.first; cell * target < high; ++cell) {
      span.overlap.push_back(std::min(high, (cell + 1) * target) - std::max(low, cell * target));
    }
  }
  return spans;
}

struct GridSpans {
  std::vector<AxisSpan> frames, height, width;
};

/// Adds what the target token at (t, h, w) covers to the volumes of its block's row.
void add_token(const Tiling& source, const AxisSpan& t, const AxisSpan& h, const AxisSpan& w,
               std::map<std::int64_t, std::int64_t>& row) {
  for (std::size_t i = 0; i < t.overlap.size(); ++i) {
    for (std::size_t j = 0; j < h.overlap.size(); ++j) {
      const std::int64_t line =
          (t.first + static_cast<std::int64_t>(i)) * source.grid.height + h.first + static_cast<std::int64_t>(j);
      const std::int64_t area = t.overlap[i] * h.overlap[j];
      for (std::size_t k = 0; k < w.overlap.size(); ++k) {
        const std::int64_t token = line * source.grid.width + w.first + static_cast<std::int64_t>(k);
        row[token / source.block] += area * w.overlap[k];
      }
    }
  }
}

std::map<std::int64_t, std::int64_t> block_row(const Tiling& source, const Tiling& target, const GridSpans& spans,
                                               std::int64_t block) {
  std::map<std::int64_t, std::int64_t> row;
  const std::int64_t first = block * target.block;
  for (std::int64_t token = first; token < first + target.size(block); ++token) {
    const std::int64_t line = token / target.grid.width;
    add_token(source, spans.frames[static_cast<std::size_t>(line / target.grid.height)],
              spans.height[static_cast<std::size_t>(line % target.grid.height)],
              spans.width[static_cast<std::size_t>(token % target.grid.width)], row);
  }
  return row;
}

}  // namespace

std::int64_t Tiling::count() const noexcept { return ceil_div(grid.tokens(), block); }

std::int64_t Tiling::size(std::int64_t index) const noexcept { return std::min(block, grid.tokens() - index * block); }

BlockWeights overlap_volumes(const Tiling& source, const Tiling& target) {
  const GridSpans spans{axis_spans(source.grid.frames, target.grid.frames),
                        axis_spans(source.grid.height, target.grid.height),
                        axis_spans(source.grid.width, target.grid.width)};
  const auto unit = static_cast<double>(target.grid.tokens());
  BlockWeights volumes;
  volumes.begin.push_back(0);
  for (std::int64_t block = 0; block < target.count(); ++block) {
    for (const auto& [column, volume] : block_row(source, target, spans, block)) {
      volumes.column.push_back(column);
      volumes.weight.push_back(static_cast<double>(volume) / unit);
    }
    volumes.begin.push_back(static_cast<std::int64_t>(volumes.column.size()));
  }
  return volumes;
}

}  // namespace wean::pack
