#include "tests/models/probe/tensor_io.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "models/files/checkpoint.h"
#include "models/files/safetensors_writer.h"
#include "models/files/weights.h"

namespace wean::probe {
namespace {

models::DType type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return models::DType::kF32;
    case at::kBFloat16:
      return models::DType::kBF16;
    case at::kByte:
      return models::DType::kU8;
    default:
      fail(ErrorCode::kUsage, "no file type for this tensor");
  }
}

}  // namespace

Tensors read_tensors(const std::filesystem::path& path) {
  const auto set = models::open_tensor_file(path);
  models::Weights weights(set, c10::kCPU, at::kFloat);
  Tensors tensors;
  for (const models::TensorView& view : set->tensors()) tensors[view.name] = weights.take(view.name, view.shape);
  return tensors;
}

void write_tensors(const std::filesystem::path& path, const Tensors& tensors) {
  std::vector<models::TensorToWrite> out;
  std::vector<at::Tensor> kept;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.cpu().contiguous());
    const at::Tensor& data = kept.back();
    const auto* bytes = static_cast<const std::byte*>(data.const_data_ptr());
    out.push_back({name, type_of(data), data.sizes().vec(), {bytes, data.nbytes()}});
  }
  models::write_safetensors(path, std::move(out), {}, Overwrite::kReplace);
}

}  // namespace wean::probe
