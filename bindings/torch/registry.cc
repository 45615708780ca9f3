#include "bindings/torch/registry.h"

#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace wean::torch_binding {
namespace {

struct Registry {
  std::mutex mutex;
  std::unordered_map<std::int64_t, SharedMasks> files;
  std::int64_t last = 0;
};

/// Never destroyed: operators may run while the process ends.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

}  // namespace

void check(wean_status status) {
  if (status != WEAN_OK) throw std::runtime_error(wean_last_error());
}

std::int64_t adopt_masks(wean_masks* masks) {
  SharedMasks owner(masks, wean_masks_close);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.files.emplace(++all.last, std::move(owner));
  return all.last;
}

std::int64_t open_masks(const std::string& path) {
  wean_masks* masks = nullptr;
  check(wean_masks_open(path.c_str(), nullptr, &masks));
  return adopt_masks(masks);
}

SharedMasks find_masks(std::int64_t number) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.files.find(number);
  if (found == all.files.end())
    throw std::runtime_error("wean: mask file number " + std::to_string(number) + " is not open");
  return found->second;
}

void release_masks(std::int64_t number) {
  SharedMasks last_owner;  // closes outside the lock
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.files.find(number);
  if (found == all.files.end()) return;
  last_owner = std::move(found->second);
  all.files.erase(found);
}

}  // namespace wean::torch_binding
