// Owning handles for HDF5 identifiers, the lock that keeps HDF5 on one thread at a time, and its errors as one line.
#pragma once
#include <hdf5.h>

#include <filesystem>
#include <string>
#include <utility>

#include "common/base/error.h"

namespace wean::h5 {

/// Held by whoever calls HDF5: one thread at a time in the whole process, re-entrant within a thread. The first one
/// switches plugins off; each one switches off HDF5's printing of errors. A thread that holds a Session may fork: no
/// other thread is inside HDF5 then.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;  // a scope, not a value
  Session& operator=(const Session&) = delete;
};

/// Owns one HDF5 identifier of any kind. Moves; closing never throws.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  Handle(const Handle&) = delete;  // one identifier, one owner
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t get() const noexcept { return id_; }
  /// Closes now. False when HDF5 reports an error (a file that could not be flushed).
  bool reset() noexcept;

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// The innermost message of HDF5's error stack on one line: "truncated file: eof = 96, ...".
[[nodiscard]] std::string last_error();

/// `id` as a Handle; throws Error{code}: "<where>: <what>: <HDF5's message>" when it is invalid.
template <typename... What>
[[nodiscard]] Handle own(hid_t id, Handle::Close close, ErrorCode code, const What&... what) {
  if (id < 0) fail(code, what..., ": ", last_error());
  return {id, close};
}

/// Throws the same error when `status` is negative.
template <typename... What>
void check(herr_t status, ErrorCode code, const What&... what) {
  if (status < 0) fail(code, what..., ": ", last_error());
}

}  // namespace wean::h5
