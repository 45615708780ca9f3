// Masks on the device in a build without CUDA: there is none.
#include "common/base/error.h"
#include "kernels/cuda/sections.h"

namespace wean::kernels {
namespace {

[[noreturn]] void refuse() {
  fail(ErrorCode::kNoGpu, "this build of wean has no CUDA kernels; it needs one with WEAN_CUDA=ON");
}

}  // namespace

struct CudaSections::Impl {};

CudaDeviceGuard::CudaDeviceGuard(int) { refuse(); }
CudaDeviceGuard::~CudaDeviceGuard() = default;

std::size_t CudaSections::bytes(const CudaMask&, std::int64_t, const SectionTable&) { refuse(); }
CudaSections::CudaSections(const CudaMask&, std::int64_t, SectionTable, int) { refuse(); }
CudaSections::~CudaSections() = default;
void CudaSections::upload(std::int32_t, const std::uint32_t*) { refuse(); }
void CudaSections::finish() { refuse(); }
void CudaSections::release(void*) noexcept {}
int CudaSections::device() const noexcept { return -1; }
const SectionTable& CudaSections::table() const noexcept {
  static const SectionTable none;
  return none;
}
CudaMask CudaSections::mask(std::int32_t) const { refuse(); }
const void* CudaSections::plan(std::int32_t) const { refuse(); }
std::size_t CudaSections::section_bytes() const noexcept { return 0; }
CudaMask CudaSections::select(const DeviceSite&, void*, const void**, void*, std::size_t, void*) const { refuse(); }
void CudaSections::check_fault() const { refuse(); }

}  // namespace wean::kernels
