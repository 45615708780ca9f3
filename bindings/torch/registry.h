// Mask files that the operators may use, each known by a number.
//
// A number and not a torch custom class: to torch.compile, torch.export and CUDA graphs of every version a number is a
// constant, while a script object needs a fake class of its own and does not exist in LibTorch's stable interface.
// Numbers are never given twice, so a stale one is an error and never somebody else's file; a call in flight shares
// ownership, so that release() on another thread never pulls the file from under it.
#pragma once
#include <wean/wean.h>

#include <cstdint>
#include <memory>
#include <string>

namespace wean::torch_binding {

using SharedMasks = std::shared_ptr<const wean_masks>;
using SharedDeviceMasks = std::shared_ptr<const wean_device_masks>;

/// Takes over an opened file and returns its number. Thread-safe, as all of these.
[[nodiscard]] std::int64_t adopt_masks(wean_masks* masks);
/// Opens and verifies `path` with libwean's defaults. Throws std::runtime_error with libwean's text.
[[nodiscard]] std::int64_t open_masks(const std::string& path);
/// The file of a number; throws std::runtime_error when it was released or never given.
[[nodiscard]] SharedMasks find_masks(std::int64_t number);
/// The masks of a number on CUDA device `device`, uploaded at the first call for it; a call in flight shares ownership
/// as above. Sets `masks` unless the status says why not (wean_last_error has the text). Not while a graph is captured.
[[nodiscard]] wean_status upload_masks(std::int64_t number, std::int64_t device, SharedDeviceMasks& masks);
/// Forgets the number; the file is closed when the last call that uses it returns. Unknown numbers are ignored.
void release_masks(std::int64_t number);

/// Throws std::runtime_error with libwean's text of this thread unless `status` is WEAN_OK.
void check(wean_status status);

}  // namespace wean::torch_binding
