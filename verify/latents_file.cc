#include "verify/latents_file.h"

#include <ATen/ATen.h>

#include "common/base/error.h"
#include "models/files/checkpoint.h"
#include "models/files/safetensors_writer.h"
#include "models/files/tensor_set.h"
#include "models/files/weights.h"

namespace wean::verify {

namespace {

std::string numbered(std::size_t number) { return "initial." + std::to_string(number); }

/// The tensor that clip `number` starts from, of `shape` or with a batch dimension of 1 before it.
const models::TensorView& initial_of(const models::TensorSet& set, std::size_t number, at::IntArrayRef shape) {
  const models::TensorView* own = set.find(numbered(number));
  const models::TensorView* view = own != nullptr ? own : set.find("latents");
  require(view != nullptr, ErrorCode::kMalformed, set.where().string(), ": has neither tensor '", numbered(number),
          "' nor 'latents'; clip ", number, " needs one of them");
  std::vector<std::int64_t> batched = shape.vec();
  batched.insert(batched.begin(), 1);
  require(view->shape == shape.vec() || view->shape == batched, ErrorCode::kMalformed, set.where().string(),
          ": tensor '", view->name, "': shape ", models::shape_text(view->shape), "; this clip needs ",
          models::shape_text(shape));
  return *view;
}

}  // namespace

at::Tensor read_initial_latents(const std::filesystem::path& path, std::size_t number, at::IntArrayRef shape) {
  const auto set = models::open_tensor_file(path);
  const models::TensorView& view = initial_of(*set, number, shape);
  return models::Weights(set, c10::Device(c10::kCPU), at::kFloat).take(view.name, view.shape).view(shape);
}

void check_initial_latents(const std::filesystem::path& path, std::size_t clips, std::uint32_t seeds_per_prompt,
                           at::IntArrayRef shape) {
  const auto set = models::open_tensor_file(path);
  for (std::size_t number = 0; number < clips; ++number) {
    const models::TensorView& view = initial_of(*set, number, shape);
    require(seeds_per_prompt == 1 || view.name != "latents", ErrorCode::kUsage, path.string(), ": has no tensor '",
            numbered(number), "'; --seeds ", seeds_per_prompt,
            " needs one for each clip, since 'latents' would give every noise of a prompt the same clip");
  }
}

std::map<std::string, at::Tensor> read_latents(const std::filesystem::path& path) {
  const auto set = models::open_tensor_file(path);
  models::Weights file(set, c10::Device(c10::kCPU), at::kFloat);
  std::map<std::string, at::Tensor> latents;
  for (const models::TensorView& tensor : set->tensors()) latents[tensor.name] = file.take(tensor.name, tensor.shape);
  return latents;
}

void write_latents(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                   Overwrite overwrite) {
  std::vector<at::Tensor> host;
  std::vector<models::TensorToWrite> out;
  for (const auto& [name, tensor] : tensors) {
    host.push_back(tensor.to(at::kCPU, at::kFloat).contiguous());
    const at::Tensor& t = host.back();
    out.push_back(
        {name, models::DType::kF32, t.sizes().vec(), {static_cast<const std::byte*>(t.const_data_ptr()), t.nbytes()}});
  }
  models::write_safetensors(path, std::move(out), {}, overwrite);
}

}  // namespace wean::verify
