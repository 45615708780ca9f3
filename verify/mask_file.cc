#include "verify/mask_file.h"

#include "common/base/error.h"

namespace wean::verify {

void check(wean_status status) {
  if (status == WEAN_OK) return;
  const ErrorCode code = status == WEAN_ERROR_INTERNAL ? ErrorCode::kSelfCheck : static_cast<ErrorCode>(status);
  fail(code, wean_last_error());
}

MaskFile::MaskFile(const std::filesystem::path& path) : path_(path) {
  wean_masks* masks = nullptr;
  check(wean_masks_open(path.c_str(), nullptr, &masks));
  handle_.reset(masks);
  facts_.struct_size = sizeof(facts_);
  check(wean_masks_facts_get(masks, &facts_));
}

Grid MaskFile::grid() const noexcept { return {facts_.grid_frames, facts_.grid_height, facts_.grid_width}; }

BlockGeometry MaskFile::geometry() const noexcept {
  return {static_cast<std::int64_t>(facts_.q_tokens), static_cast<std::int64_t>(facts_.k_tokens), facts_.q_block,
          facts_.k_block};
}

std::uint32_t MaskFile::phase_of(double sigma) const {
  std::uint32_t phase = 0;
  check(wean_masks_phase_of_sigma(handle_.get(), sigma, &phase));
  return phase;
}

std::span<const std::uint32_t> MaskFile::bits(const wean_site& site, std::uint32_t head) const {
  const std::uint32_t* words = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t words_per_row = 0;
  check(wean_masks_bits(handle_.get(), &site, head, &words, &rows, &words_per_row));
  if (words == nullptr) return {};
  return {words, std::size_t{rows} * words_per_row};
}

std::vector<std::uint8_t> MaskFile::kept_pairs(const wean_site& site) const {
  const BlockGeometry g = geometry();
  const auto rows = static_cast<std::size_t>(g.rows());
  const auto cols = static_cast<std::size_t>(g.cols());
  const auto words = static_cast<std::size_t>(g.words());
  std::vector<std::uint8_t> kept(facts_.heads * rows * cols, 1);
  for (std::uint32_t head = 0; head < facts_.heads; ++head) {
    const std::span<const std::uint32_t> packed = bits(site, head);
    for (std::size_t pair = 0; !packed.empty() && pair < rows * cols; ++pair) {
      const std::size_t u = pair / cols;
      const std::size_t v = pair % cols;
      kept[head * rows * cols + pair] = static_cast<std::uint8_t>((packed[u * words + v / 32] >> (v % 32)) & 1u);
    }
  }
  return kept;
}

}  // namespace wean::verify
