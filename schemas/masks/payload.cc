#include "schemas/masks/payload.h"

#include <algorithm>
#include <bit>

#include "schemas/masks/layout.h"

namespace wean::masks {
namespace {

// Written out because std::popcount is a library call on baseline x86-64 and this form vectorises.
std::uint32_t ones(std::uint32_t x) noexcept {
  x -= (x >> 1) & 0x55555555U;
  x = (x & 0x33333333U) + ((x >> 2) & 0x33333333U);
  x = (x + (x >> 4)) & 0x0F0F0F0FU;
  return (x * 0x01010101U) >> 24;
}

std::uint64_t ones(std::span<const std::uint32_t> words) noexcept {
  constexpr std::size_t kChunk = 1 << 20;  // a 32-bit sum of a chunk cannot overflow
  std::uint64_t total = 0;
  for (std::size_t begin = 0; begin < words.size(); begin += kChunk) {
    std::uint32_t sum = 0;
    for (const std::uint32_t word : words.subspan(begin, std::min(kChunk, words.size() - begin))) sum += ones(word);
    total += sum;
  }
  return total;
}

/// Work of consecutive rows of `row_size` tokens each.
MapCounts count_rows(std::span<const std::uint32_t> rows, const BlockGeometry& geometry, std::int64_t row_size) {
  const auto words = static_cast<std::size_t>(geometry.words());
  const std::int64_t last = geometry.cols() - 1;
  std::uint64_t in_last = 0;
  for (std::size_t end = words; end <= rows.size(); end += words) in_last += (rows[end - 1] >> (last % 32)) & 1U;
  const std::uint64_t set = ones(rows);
  const auto whole = static_cast<std::uint64_t>(geometry.k_block);
  const auto ragged = static_cast<std::uint64_t>(geometry.col_size(last));
  return {set, ((set - in_last) * whole + in_last * ragged) * static_cast<std::uint64_t>(row_size)};
}

}  // namespace

MapCounts count_map(std::span<const std::uint32_t> map, const BlockGeometry& geometry) {
  const std::size_t body = map.size() - static_cast<std::size_t>(geometry.words());
  const MapCounts whole = count_rows(map.first(body), geometry, geometry.q_block);
  const MapCounts last = count_rows(map.subspan(body), geometry, geometry.row_size(geometry.rows() - 1));
  return {whole.popcount + last.popcount, whole.kept_work + last.kept_work};
}

std::int64_t row_with_stray_bit(std::span<const std::uint32_t> map, const BlockGeometry& geometry) {
  if (geometry.cols() % 32 == 0) return geometry.rows();
  const std::uint32_t stray = ~std::uint32_t{0} << (geometry.cols() % 32);
  const auto words = static_cast<std::size_t>(geometry.words());
  std::int64_t row = 0;
  for (std::size_t end = words; end <= map.size(); end += words, ++row) {
    if ((map[end - 1] & stray) != 0) return row;
  }
  return geometry.rows();
}

std::uint32_t PayloadView::slot_of(std::uint32_t head) const {
  return load<std::uint32_t>(payload_, std::size_t{head} * 4);
}

std::span<const std::uint32_t> PayloadView::map(std::uint32_t slot) const {
  const auto words = static_cast<std::size_t>(meta_->geometry.rows() * meta_->geometry.words());
  const std::size_t start = aligned(std::uint64_t{meta_->model.heads} * 4) + slot * words * 4;
  return {reinterpret_cast<const std::uint32_t*>(payload_.data() + start), words};
}

namespace {

/// Proves one payload; errors name file, section, head or slot, and field.
class PayloadProver {
 public:
  PayloadProver(const PayloadView& view, const MaskMeta& meta, const SectionEntry& entry, std::string where)
      : view_(view), meta_(meta), entry_(entry), where_(std::move(where)) {}

  void head_table() {
    uses_.assign(entry_.slots, 0);
    std::uint32_t seen = 0;
    for (std::uint32_t head = 0; head < meta_.model.heads; ++head) {
      const std::uint32_t slot = view_.slot_of(head);
      if (slot == kDenseSlot) {
        ++dense_;
        continue;
      }
      require(slot < entry_.slots && slot <= seen, ErrorCode::kMalformed, where_, ", head ", head, ": slot ", slot,
              "; allowed are 0 to ", std::min(seen, entry_.slots - (entry_.slots > 0 ? 1 : 0)),
              " (first-use order) and ", kDenseSlot, " (dense)");
      seen = std::max(seen, slot + 1);
      ++uses_[slot];
    }
    require(seen == entry_.slots, ErrorCode::kMalformed, where_, ": slots ", entry_.slots, "; the head table uses ",
            seen);
  }

  void maps() const {
    const auto tokens = static_cast<std::uint64_t>(meta_.grid.tokens());
    const auto pairs = static_cast<std::uint64_t>(meta_.geometry.pairs());
    MapCounts sum{0, dense_ * tokens * tokens};
    for (std::uint32_t slot = 0; slot < entry_.slots; ++slot) {
      const std::int64_t stray = row_with_stray_bit(view_.map(slot), meta_.geometry);
      require(stray == meta_.geometry.rows(), ErrorCode::kMalformed, where_, ", slot ", slot, ", row ", stray,
              ": a bit past the last column ", meta_.geometry.cols() - 1, " is set; allowed is 0");
      const MapCounts counts = count_map(view_.map(slot), meta_.geometry);
      require(counts.popcount < pairs, ErrorCode::kMalformed, where_, ", slot ", slot,
              ": all bits are set; such a head is stored as dense");
      sum.popcount += counts.popcount;
      sum.kept_work += counts.kept_work * uses_[slot];
    }
    require(sum.popcount == entry_.popcount, ErrorCode::kMalformed, where_, ": popcount ", entry_.popcount,
            "; the maps have ", sum.popcount, " set bits");
    require(sum.kept_work == entry_.kept_work, ErrorCode::kMalformed, where_, ": kept_work ", entry_.kept_work,
            "; the maps keep ", sum.kept_work);
  }

  // Sorting keeps a hostile file at n log n comparisons.
  void unique_maps() const {
    std::vector<std::uint32_t> order(entry_.slots);
    for (std::uint32_t slot = 0; slot < entry_.slots; ++slot) order[slot] = slot;
    const auto compare = [this](std::uint32_t a, std::uint32_t b) {
      const auto bytes = view_.map(a).size_bytes();
      return std::memcmp(view_.map(a).data(), view_.map(b).data(), bytes);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      require(compare(order[i - 1], order[i]) != 0, ErrorCode::kMalformed, where_, ": slots ",
              std::min(order[i - 1], order[i]), " and ", std::max(order[i - 1], order[i]),
              " are equal; equal heads share a slot");
    }
  }

 private:
  const PayloadView& view_;
  const MaskMeta& meta_;
  const SectionEntry& entry_;
  std::string where_;
  std::vector<std::uint32_t> uses_;
  std::uint64_t dense_ = 0;
};

}  // namespace

void PayloadView::prove(const SectionEntry& entry, const std::string& file, std::size_t index) const {
  const std::string where = file + ": " + section_name(*meta_, index);
  require(sha256(payload_) == entry.sha, ErrorCode::kIntegrity, where, ": SHA-256 of the payload at byte ",
          entry.offset, " differs");
  const std::uint64_t table = std::uint64_t{meta_->model.heads} * 4;
  for (std::uint64_t i = table; i < aligned(table); ++i) {
    require(payload_[i] == std::byte{0}, ErrorCode::kMalformed, where, ": padding at byte ", entry.offset + i, ": ",
            std::to_integer<int>(payload_[i]), "; allowed is 0");
  }
  PayloadProver prover(*this, *meta_, entry, where);
  prover.head_table();
  prover.maps();
  prover.unique_maps();
}

}  // namespace wean::masks
