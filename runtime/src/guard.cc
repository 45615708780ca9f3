#include "runtime/src/guard.h"

#include <cstdio>

namespace wean::runtime {
namespace {

// A plain buffer: needs no memory at the moment of failure and no destructor at the end of the thread.
thread_local char last_error[1024] = "";

}  // namespace

void set_last_error(const char* text) noexcept { std::snprintf(last_error, sizeof last_error, "%s", text); }

wean_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kUsage:
      return WEAN_ERROR_USAGE;
    case ErrorCode::kMalformed:
      return WEAN_ERROR_MALFORMED;
    case ErrorCode::kIntegrity:
      return WEAN_ERROR_INTEGRITY;
    case ErrorCode::kFingerprint:
      return WEAN_ERROR_FINGERPRINT;
    case ErrorCode::kIo:
      return WEAN_ERROR_IO;
    case ErrorCode::kNoGpu:
      return WEAN_ERROR_NO_GPU;
    case ErrorCode::kGpuMemory:
      return WEAN_ERROR_GPU_MEMORY;
    default:
      return WEAN_ERROR_INTERNAL;
  }
}

}  // namespace wean::runtime

uint32_t wean_abi_version(void) { return 0x00010001; }
const char* wean_version(void) { return WEAN_VERSION; }
const char* wean_last_error(void) { return wean::runtime::last_error; }
