// The edge between C++ and C: every function of wean.h runs its body through guard().
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>

#include "common/base/error.h"
#include "runtime/include/wean/wean.h"

namespace wean::runtime {

/// Keeps `text` as the last failure of this thread; never throws.
void set_last_error(const char* text) noexcept;

[[nodiscard]] wean_status status_of(ErrorCode code) noexcept;

/// Runs `body`; an exception becomes a status and the last error of this thread.
template <typename Body>
wean_status guard(Body&& body) noexcept {
  try {
    body();
    return WEAN_OK;
  } catch (const Error& error) {
    set_last_error(error.what());
    return status_of(error.code());
  } catch (const std::bad_alloc&) {
    set_last_error("out of host memory");
  } catch (const std::exception& error) {
    set_last_error(error.what());
  } catch (...) {
    set_last_error("an exception that is no std::exception");
  }
  return WEAN_ERROR_INTERNAL;
}

/// Throws kUsage unless `pointer` is given.
inline void require_argument(const void* pointer, const char* name) {
  require(pointer != nullptr, ErrorCode::kUsage, name, " is NULL; a pointer is required");
}

/// Checks `size`, the caller's struct_size of `name`: at least what version 1.0 had. Bytes that this library does not
/// know must be zero, so that a caller never believes in an option that is ignored.
inline void check_struct_size(const char* name, const void* data, std::size_t size, std::size_t first,
                              std::size_t known) {
  require(size >= first && size <= 4096, ErrorCode::kUsage, name, ".struct_size ", size, "; allowed are ", first,
          " to 4096; use its _init function");
  const auto* bytes = static_cast<const unsigned char*>(data);
  const bool zero = size <= known || std::all_of(bytes + known, bytes + size, [](unsigned char b) { return b == 0; });
  require(zero, ErrorCode::kUsage, name, ".struct_size ", size, ": this library knows ", known,
          " bytes and the others are not zero; use a newer libwean");
}

/// A copy of the caller's parameters in this library's layout; what an older caller lacks keeps its default.
template <typename Params>
[[nodiscard]] Params read_params(const char* name, const Params* params, std::size_t first, const Params& defaults) {
  require_argument(params, name);
  std::uint32_t size;
  std::memcpy(&size, params, sizeof size);
  check_struct_size(name, params, size, first, sizeof(Params));
  Params copy = defaults;
  std::memcpy(&copy, params, std::min<std::size_t>(size, sizeof(Params)));
  return copy;
}

}  // namespace wean::runtime
