// Self-attention through a mask file: on the CPU libwean's own kernel, on CUDA LibTorch's attention with the bits
// expanded.
#pragma once
#include <map>
#include <memory>
#include <tuple>

#include "models/attention.h"
#include "verify/mask_file.h"

namespace wean::verify {

/// Kept pairs of one site as a device tensor, and the share of work they are.
struct SiteMask {
  at::Tensor kept;     ///< bool [heads, rows, cols]
  double density = 1;  ///< kept work / total work over all heads
};

/// Plain masked attention: what runs where libwean has no kernel, one head and some query rows at a time with the pairs
/// expanded to tokens. kept: bool [heads, rows, cols]; q, k, v: [tokens, heads, head_dim] on its device; the same shape
/// comes back. A row without keys gives zeros, as in libwean.
[[nodiscard]] at::Tensor attend_expanded(const at::Tensor& kept, const BlockGeometry& geometry, const at::Tensor& q,
                                         const at::Tensor& k, const at::Tensor& v);

/// Site masks of one file, those of one phase expanded at a time (all phases of a large model take gigabytes).
/// Thread-compatible.
class SiteMasks {
 public:
  explicit SiteMasks(std::shared_ptr<const MaskFile> file) : file_(std::move(file)) {}
  [[nodiscard]] const MaskFile& file() const noexcept { return *file_; }
  /// The site of a call: its phase follows from sigma.
  [[nodiscard]] wean_site site_of(const models::AttentionCall& call) const;
  [[nodiscard]] const SiteMask& of(const models::AttentionCall& call, c10::Device device);

 private:
  std::shared_ptr<const MaskFile> file_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, SiteMask> masks_;
};

/// Attention over the kept pairs alone; counts the work that it really did.
class MaskedAttention final : public models::SelfAttention {
 public:
  explicit MaskedAttention(std::shared_ptr<SiteMasks> masks) : masks_(std::move(masks)) {}
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
  /// Global density over all calls so far; 1 before the first.
  [[nodiscard]] double global_density() const noexcept {
    return calls_ == 0 ? 1.0 : density_sum_ / static_cast<double>(calls_);
  }

 private:
  std::shared_ptr<SiteMasks> masks_;
  double density_sum_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace wean::verify
