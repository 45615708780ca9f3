#include "models/files/weights.h"

#include <ATen/ATen.h>

#include <span>
#include <utility>

#include "common/base/error.h"

namespace wean::models {
namespace {

c10::ScalarType scalar_type(DType type) {
  if (type == DType::kBF16) return at::kBFloat16;
  if (type == DType::kF16) return at::kHalf;
  return at::kFloat;
}

std::string place(const TensorView& view) {
  const std::string alias = view.name == view.file_name ? "" : " (" + view.name + ")";
  return view.file.string() + ": tensor '" + view.file_name + "'" + alias;
}

void check(const TensorView& view, const std::vector<std::int64_t>& shape) {
  require(is_weight_type(view.dtype), ErrorCode::kMalformed, place(view), ": type ", to_string(view.dtype),
          "; weights must be F32, BF16 or F16");
  require(view.shape == shape, ErrorCode::kMalformed, place(view), ": shape ", shape_text(view.shape), "; expected ",
          shape_text(shape));
}

/// The file's bytes as a CPU tensor of the file's type.
at::Tensor cpu_tensor(const TensorView& view) {
  const at::Tensor copy = at::empty(view.shape, at::TensorOptions().dtype(scalar_type(view.dtype)));
  const std::span bytes(static_cast<std::byte*>(copy.mutable_data_ptr()), copy.nbytes());
  view.read(0, bytes);
  const auto bad = first_not_finite(view.dtype, bytes);
  require(!bad, ErrorCode::kNotFinite, place(view), ": NaN or Inf at element ", bad.value_or(0),
          "; allowed are finite numbers");
  return copy;
}

}  // namespace

Weights::Weights(std::shared_ptr<const TensorSet> set, c10::Device device, c10::ScalarType type)
    : set_(std::move(set)), device_(device), type_(type) {}

bool Weights::has(const std::string& name) const noexcept { return set_->find(name) != nullptr; }

at::Tensor Weights::take(const std::string& name, const std::vector<std::int64_t>& shape) {
  return take(name, shape, type_);
}

at::Tensor Weights::take(const std::string& name, const std::vector<std::int64_t>& shape, c10::ScalarType type) {
  const TensorView* view = set_->find(name);
  require(view != nullptr, ErrorCode::kMalformed, set_->where().string(), ": tensor '", name, "' of shape ",
          shape_text(shape), " is missing");
  check(*view, shape);
  taken_.insert(name);
  return cpu_tensor(*view).to(at::TensorOptions().device(device_).dtype(type));
}

std::vector<std::string> Weights::leftovers() const {
  std::vector<std::string> names;
  for (const TensorView& view : set_->tensors()) {
    if (!taken_.contains(view.name)) names.push_back(view.name);
  }
  return names;
}

void Weights::require_all_taken() const {
  const std::vector<std::string> names = leftovers();
  if (names.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) list += (i > 0 ? ", '" : "'") + names[i] + "'";
  fail(ErrorCode::kMalformed, set_->where().string(), ": ", names.size(),
       " tensors that this model does not use: ", list, names.size() > 3 ? ", ..." : "");
}

}  // namespace wean::models
