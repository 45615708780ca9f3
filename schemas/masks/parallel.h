// A loop over independent items on a few threads, for proving payloads. Internal to this folder.
#pragma once
#include <cstddef>
#include <functional>

namespace wean::masks {

/// Calls `body(i)` for i in [0, count). With `threads`, on up to 8 threads; an exception of the lowest index that threw
/// is rethrown after all have ended, so messages do not depend on timing.
void for_each_index(std::size_t count, bool threads, const std::function<void(std::size_t)>& body);

}  // namespace wean::masks
