#include "bindings/torch/registry.h"

#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace wean::torch_binding {
namespace {

/// The masks of a file on one device.
struct Uploaded {
  std::mutex uploading;
  SharedDeviceMasks masks;
};

/// A file, and its masks on the devices that asked for them.
struct File {
  explicit File(SharedMasks opened) : masks(std::move(opened)) {}
  const SharedMasks masks;
  std::mutex mutex;
  std::map<std::int32_t, std::shared_ptr<Uploaded>> devices;

  /// Its own lock is held while masks are copied: calls on other devices go on.
  std::shared_ptr<Uploaded> on(std::int32_t device) {
    const std::lock_guard lock(mutex);
    std::shared_ptr<Uploaded>& place = devices[device];
    if (place == nullptr) place = std::make_shared<Uploaded>();
    return place;
  }
};

struct Registry {
  std::mutex mutex;
  std::unordered_map<std::int64_t, std::shared_ptr<File>> files;
  std::int64_t last = 0;
};

/// Never destroyed: operators may run while the process ends.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

std::shared_ptr<File> find_file(std::int64_t number) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.files.find(number);
  if (found == all.files.end())
    throw std::runtime_error("wean: mask file number " + std::to_string(number) + " is not open");
  return found->second;
}

}  // namespace

void check(wean_status status) {
  if (status != WEAN_OK) throw std::runtime_error(wean_last_error());
}

std::int64_t adopt_masks(wean_masks* masks) {
  SharedMasks owner(masks, wean_masks_close);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.files.emplace(++all.last, std::make_shared<File>(std::move(owner)));
  return all.last;
}

std::int64_t open_masks(const std::string& path) {
  wean_masks* masks = nullptr;
  check(wean_masks_open(path.c_str(), nullptr, &masks));
  return adopt_masks(masks);
}

SharedMasks find_masks(std::int64_t number) { return find_file(number)->masks; }

wean_status upload_masks(std::int64_t number, std::int64_t device, SharedDeviceMasks& masks) {
  wean_upload_params params;
  wean_upload_params_init(&params);
  params.device = static_cast<std::int32_t>(device);
  if (device < 0 || params.device != device) {
    throw std::runtime_error("wean: device " + std::to_string(device) + "; allowed are CUDA device numbers");
  }
  const std::shared_ptr<File> file = find_file(number);
  const std::shared_ptr<Uploaded> there = file->on(params.device);
  const std::lock_guard lock(there->uploading);
  SharedDeviceMasks& place = there->masks;
  if (place == nullptr) {
    wean_device_masks* opened = nullptr;
    const wean_status status = wean_device_masks_open(file->masks.get(), &params, &opened);
    if (status != WEAN_OK) return status;
    place = SharedDeviceMasks(
        opened, [](const wean_device_masks* last) { wean_device_masks_close(const_cast<wean_device_masks*>(last)); });
  }
  masks = place;
  return WEAN_OK;
}

void release_masks(std::int64_t number) {
  std::shared_ptr<File> last_owner;  // closes outside the lock
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.files.find(number);
  if (found == all.files.end()) return;
  last_owner = std::move(found->second);
  all.files.erase(found);
}

}  // namespace wean::torch_binding
