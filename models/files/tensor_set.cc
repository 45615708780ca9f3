#include "models/files/tensor_set.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace wean::models {

void TensorView::read(std::uint64_t begin, std::span<std::byte> out) const {
  if (!out.empty()) source->read(offset + begin, out);
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

TensorSet::TensorSet(std::filesystem::path where, std::vector<TensorView> tensors)
    : where_(std::move(where)), tensors_(std::move(tensors)) {
  std::ranges::sort(tensors_, {}, &TensorView::name);
  const auto twin = std::ranges::adjacent_find(tensors_, {}, &TensorView::name);
  if (twin == tensors_.end()) return;
  fail(ErrorCode::kMalformed, where_.string(), ": tensor '", twin->name, "' is there twice: as '", twin->file_name,
       "' in ", twin->file.filename().string(), " and as '", std::next(twin)->file_name, "' in ",
       std::next(twin)->file.filename().string());
}

const TensorView* TensorSet::find(const std::string& name) const noexcept {
  const auto found = std::ranges::lower_bound(tensors_, name, {}, &TensorView::name);
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace wean::models
