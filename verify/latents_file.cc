#include "verify/latents_file.h"

#include <ATen/ATen.h>

#include "common/base/error.h"
#include "models/files/checkpoint.h"
#include "models/files/safetensors_writer.h"
#include "models/files/tensor_set.h"
#include "models/files/weights.h"

namespace wean::verify {

at::Tensor read_initial_latents(const std::filesystem::path& path, std::size_t number, at::IntArrayRef shape) {
  models::Weights file(models::open_tensor_file(path), c10::Device(c10::kCPU), at::kFloat);
  const std::string numbered = "initial." + std::to_string(number);
  const std::string name = file.has(numbered) ? numbered : "latents";
  require(file.has(name), ErrorCode::kMalformed, path.string(), ": has neither tensor '", numbered, "' nor 'latents'");
  std::vector<std::int64_t> wanted = shape.vec();
  std::vector<std::int64_t> batched = wanted;
  batched.insert(batched.begin(), 1);
  try {
    return file.take(name, wanted);
  } catch (const Error&) {
    return file.take(name, batched).squeeze(0);
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
