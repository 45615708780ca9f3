// A mask file opened through libwean, as a deployment would.
#pragma once
#include <wean/wean.h>

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"

namespace wean::verify {

/// Throws Error with libwean's status and text when `status` is a failure.
void check(wean_status status);

/// Owns a wean_masks handle. Safe to share between threads.
class MaskFile {
 public:
  explicit MaskFile(const std::filesystem::path& path);
  [[nodiscard]] const wean_masks* handle() const noexcept { return handle_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const wean_masks_facts& facts() const noexcept { return facts_; }
  [[nodiscard]] Grid grid() const noexcept;
  [[nodiscard]] BlockGeometry geometry() const noexcept;
  [[nodiscard]] std::uint32_t phase_of(double sigma) const;
  /// Words of one head, [rows][words]; empty = dense.
  [[nodiscard]] std::span<const std::uint32_t> bits(const wean_site& site, std::uint32_t head) const;
  /// One byte a pair, [heads][rows][cols], 1 = keep.
  [[nodiscard]] std::vector<std::uint8_t> kept_pairs(const wean_site& site) const;

 private:
  struct Close {
    void operator()(wean_masks* masks) const noexcept { wean_masks_close(masks); }
  };
  std::filesystem::path path_;
  std::unique_ptr<wean_masks, Close> handle_;
  wean_masks_facts facts_{};
};

}  // namespace wean::verify
