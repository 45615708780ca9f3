#include "schemas/h5/handle.h"

#include <algorithm>
#include <mutex>

namespace wean::h5 {
namespace {

std::mutex g_mutex;
// Not a recursive_mutex: that one remembers its owner by thread id, which a forked child does not keep.
thread_local int t_depth = 0;

void start_library() {
  // At exit the library would walk what a failed close left behind, and crash; every handle is closed by its owner.
  H5dont_atexit();
  H5open();
  H5PLset_loading_state(0);
}

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  *static_cast<std::string*>(text) = error->desc != nullptr ? error->desc : "";
  return 1;  // stops the walk
}

}  // namespace

Session::Session() {
  if (t_depth++ > 0) return;
  g_mutex.lock();
  static std::once_flag once;
  std::call_once(once, start_library);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Session::~Session() {
  if (--t_depth == 0) g_mutex.unlock();
}

bool Handle::reset() noexcept {
  if (id_ < 0) return true;
  const Session session;
  return close_(std::exchange(id_, H5I_INVALID_HID)) >= 0;
}

std::string last_error() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &text);
  H5Eclear2(H5E_DEFAULT);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "HDF5 gives no reason" : text;
}

}  // namespace wean::h5
