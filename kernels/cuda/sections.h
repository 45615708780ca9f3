// Many masks of one size on the device, each with its plan; calls choose one by number, or by values that lie on the
// device themselves, so that one captured graph serves all of them. Plain host declarations.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels {

/// Which mask belongs to a site. Phases are counted from `first_phase`.
struct SectionTable {
  std::int64_t first_phase = 0, phases = 0, branches = 0, experts = 0, layers = 0;
  std::vector<std::int32_t> section;  ///< [phases][branches][experts][layers] number of a mask
};

/// A site whose numbers are read on the device when the work runs.
struct DeviceSite {
  const std::int64_t* phase = nullptr;   ///< device, one element
  const std::int64_t* branch = nullptr;  ///< device, one element
  const std::int64_t* layer = nullptr;   ///< device, one element
  std::int64_t expert = 0;
};

/// Owns device memory. Immutable once finish() has returned: any number of threads may then run with it.
class CudaSections {
 public:
  /// Device memory that `count` masks of the size of `shape` and `table` take; throws kUsage when the kernels do not
  /// support the shape.
  [[nodiscard]] static std::size_t bytes(const CudaMask& shape, std::int64_t count, const SectionTable& table);

  /// Room for `count` masks on `device` (-1: the current one). `shape.bits` is ignored. Throws kNoGpu, kGpuMemory,
  /// kUsage for a device that is not there.
  CudaSections(const CudaMask& shape, std::int64_t count, SectionTable table, int device);
  /// Waits until the device has nothing to do, unless release() was called or finish() never returned.
  ~CudaSections();
  CudaSections(const CudaSections&) = delete;  // owns device memory
  CudaSections& operator=(const CudaSections&) = delete;

  /// Copies the bits [heads][q blocks][words] of one mask from host memory and plans it, on a stream of its own.
  void upload(std::int32_t section, const std::uint32_t* bits);
  /// Waits for the uploads.
  void finish();
  /// Gives the memory back when the work that `stream` holds now has ended, without waiting here.
  void release(void* stream) noexcept;

  [[nodiscard]] int device() const noexcept;
  [[nodiscard]] const SectionTable& table() const noexcept;
  [[nodiscard]] CudaMask mask(std::int32_t section) const;
  [[nodiscard]] const void* plan(std::int32_t section) const;
  /// Bytes that select() writes.
  [[nodiscard]] std::size_t section_bytes() const noexcept;
  /// Copies bits and plan of the site's mask to `to` (device, 256-byte aligned, section_bytes) and zeroes `zero_bytes`
  /// at `zero`. Asynchronous on `stream`; may be captured. Returns the mask that lies at `to`; its plan is `*plan`.
  /// Numbers that the table does not have select a mask without any block and are kept for check_fault().
  [[nodiscard]] CudaMask select(const DeviceSite& site, void* to, const void** plan, void* zero, std::size_t zero_bytes,
                                void* stream) const;
  /// Throws kUsage, once, naming the numbers when an earlier select() met some that the table does not have. Never
  /// waits.
  void check_fault() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Makes `device` the current one of this thread while it lives.
class CudaDeviceGuard {
 public:
  explicit CudaDeviceGuard(int device);
  ~CudaDeviceGuard();
  CudaDeviceGuard(const CudaDeviceGuard&) = delete;  // restores once
  CudaDeviceGuard& operator=(const CudaDeviceGuard&) = delete;

 private:
  int previous_ = -1;
};

}  // namespace wean::kernels
