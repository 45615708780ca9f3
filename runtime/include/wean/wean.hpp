// C++ on top of wean.h: ownership and exceptions. Header-only; needs C++17 and libwean.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "wean/wean.h"

namespace wean {

/// A failed call: `status()` says what kind, `what()` is one line for people.
class StatusError : public std::runtime_error {
 public:
  StatusError(wean_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  [[nodiscard]] wean_status status() const noexcept { return status_; }

 private:
  wean_status status_;
};

/// Throws StatusError with the text of this thread's last failure unless `status` is WEAN_OK.
inline void check(wean_status status) {
  if (status != WEAN_OK) throw StatusError(status, wean_last_error());
}

/// How to open: the defaults prove every byte and read the file into private memory.
struct OpenOptions {
  bool prove_on_first_use = false;  ///< header and tables now, each payload when it is first used
  bool map = false;                 ///< map the file, which then must not change
};

/// One phase: sigma in (sigma_low, sigma_high].
struct PhaseFacts {
  double sigma_high = 0, sigma_low = 0;
  std::uint32_t steps = 0;
  double density = 0;  ///< over all sites and branches
};

/// Bits of one head: bit v % 32 of words[u * words_per_row + v / 32] is 1 when the block pair (u, v) is kept.
struct HeadBits {
  const std::uint32_t* words = nullptr;  ///< null = dense; owned by the Masks
  std::uint32_t rows = 0, words_per_row = 0;
  [[nodiscard]] bool dense() const noexcept { return words == nullptr; }
};

/// An opened, proven mask file. Movable; immutable, so any number of threads may use it at once.
class Masks {
 public:
  explicit Masks(const std::string& path, const OpenOptions& options = {}) {
    wean_open_params params;
    wean_open_params_init(&params);
    params.verify = options.prove_on_first_use ? 1 : 0;
    params.map = options.map ? 1 : 0;
    wean_masks* opened = nullptr;
    check(wean_masks_open(path.c_str(), &params, &opened));
    handle_.reset(opened);
  }

  [[nodiscard]] wean_masks_facts facts() const {
    wean_masks_facts facts;
    wean_masks_facts_init(&facts);
    check(wean_masks_facts_get(handle_.get(), &facts));
    return facts;
  }
  [[nodiscard]] PhaseFacts phase(std::uint32_t index) const {
    PhaseFacts facts;
    check(wean_masks_phase(handle_.get(), index, &facts.sigma_high, &facts.sigma_low, &facts.steps, &facts.density));
    return facts;
  }
  [[nodiscard]] std::uint32_t phase_of_sigma(double sigma) const {
    std::uint32_t phase = 0;
    check(wean_masks_phase_of_sigma(handle_.get(), sigma, &phase));
    return phase;
  }
  /// Proves the masks of `phases` phases (0 = all from `first_phase` on) that are not proven yet, on all processors.
  void verify(std::uint32_t first_phase = 0, std::uint32_t phases = 0) const {
    check(wean_masks_verify(handle_.get(), first_phase, phases));
  }
  [[nodiscard]] HeadBits bits(const wean_site& site, std::uint32_t head) const {
    HeadBits bits;
    check(wean_masks_bits(handle_.get(), &site, head, &bits.words, &bits.rows, &bits.words_per_row));
    return bits;
  }
  /// Attention of all heads of `site` on the CPU; begin with wean_attention_params_init.
  void attention_cpu(const wean_site& site, const wean_attention_params& params) const {
    check(wean_attention_cpu(handle_.get(), &site, &params));
  }
  /// For the C functions; owned by this object.
  [[nodiscard]] const wean_masks* handle() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(wean_masks* masks) const noexcept { wean_masks_close(masks); }
  };
  std::unique_ptr<wean_masks, Close> handle_;
};

/// Which phases go to which GPU: the defaults send all of them to the current one.
struct UploadOptions {
  std::uint32_t first_phase = 0;
  std::uint32_t phases = 0;  ///< 0 = all from first_phase on
  std::int32_t device = -1;  ///< -1 = the current one
};

/// Masks on a GPU, planned. Movable; immutable, so any number of threads may use it at once. Its destructor waits until
/// the GPU is idle; release() does not.
class DeviceMasks {
 public:
  /// Returns when the masks are ready; `masks` is not needed any more then.
  explicit DeviceMasks(const Masks& masks, const UploadOptions& options = {}) {
    const wean_upload_params params = params_of(options);
    wean_device_masks* opened = nullptr;
    check(wean_device_masks_open(masks.handle(), &params, &opened));
    handle_.reset(opened);
  }
  /// Bytes of GPU memory that the constructor takes.
  [[nodiscard]] static std::uint64_t bytes(const Masks& masks, const UploadOptions& options = {}) {
    const wean_upload_params params = params_of(options);
    std::uint64_t bytes = 0;
    check(wean_device_masks_bytes(masks.handle(), &params, &bytes));
    return bytes;
  }
  /// Bytes of workspace for attention(); begin with wean_attention_params_init.
  [[nodiscard]] std::uint64_t workspace_bytes(const wean_attention_params& params) const {
    std::uint64_t bytes = 0;
    check(wean_attention_cuda_bytes(handle_.get(), &params, &bytes));
    return bytes;
  }
  /// Enqueues attention of all heads of `site` on `stream`; `workspace` is GPU memory that was zero before its first
  /// use.
  void attention(const wean_site& site, const wean_attention_params& params, void* workspace,
                 std::uint64_t workspace_bytes, void* stream) const {
    check(wean_attention_cuda(handle_.get(), &site, &params, workspace, workspace_bytes, stream));
  }
  /// The same for a site whose numbers lie on the GPU.
  void attention(const wean_device_site& site, const wean_attention_params& params, void* workspace,
                 std::uint64_t workspace_bytes, void* stream) const {
    check(wean_attention_cuda_indexed(handle_.get(), &site, &params, workspace, workspace_bytes, stream));
  }
  /// Frees once the work that `stream` holds now has ended; this object is empty afterwards.
  void release(void* stream) noexcept { wean_device_masks_release(handle_.release(), stream); }
  [[nodiscard]] const wean_device_masks* handle() const noexcept { return handle_.get(); }

 private:
  static wean_upload_params params_of(const UploadOptions& options) {
    wean_upload_params params;
    wean_upload_params_init(&params);
    params.first_phase = options.first_phase;
    params.phases = options.phases;
    params.device = options.device;
    return params;
  }
  struct Close {
    void operator()(wean_device_masks* masks) const noexcept { wean_device_masks_close(masks); }
  };
  std::unique_ptr<wean_device_masks, Close> handle_;
};

}  // namespace wean
