#include <dlfcn.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include "bindings/torch/attention.h"
#include "bindings/torch/operands.h"
#include "bindings/torch/registry.h"

namespace wean::torch_binding {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

/// Torch's current stream on `device`. The function lives in libtorch_cuda, which a torch for CPUs does not have, so it
/// is looked up in the one that the tensors come from instead of being linked.
void* current_stream(std::int32_t device) {
  using Function = AOTITorchError (*)(std::int32_t, void**);
  static const auto function = [] {
    void* const library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
    return library == nullptr ? nullptr
                              : reinterpret_cast<Function>(dlsym(library, "aoti_torch_get_current_cuda_stream"));
  }();
  void* stream = nullptr;
  const bool ok = function != nullptr && function(device, &stream) == AOTI_TORCH_SUCCESS;
  require(ok,
          "this torch does not tell its current CUDA stream (libtorch_cuda.so, aoti_torch_get_current_cuda_stream)");
  return stream;
}

wean_dtype dtype_of(const Tensor& q) {
  const ScalarType type = q.scalar_type();
  require(type == ScalarType::BFloat16 || type == ScalarType::Half, "q has element type number ",
          static_cast<int>(type), "; allowed on a CUDA device are bfloat16 and float16");
  return type == ScalarType::BFloat16 ? WEAN_BFLOAT16 : WEAN_FLOAT16;
}

bool beside(const Tensor& tensor, const Tensor& q) {
  return tensor.is_cuda() && tensor.get_device_index() == q.get_device_index();
}

void check_operand(const char* name, const Tensor& tensor, const Tensor& q, std::uint64_t tokens,
                   const wean_masks_facts& facts) {
  require(beside(tensor, q) && tensor.scalar_type() == q.scalar_type(), name,
          " must be on the device of q and of its type");
  check_shape(name, tensor, q, tokens, facts);
}

const std::int64_t* index_of(const char* name, const Tensor& value, const Tensor& q) {
  require(beside(value, q) && value.scalar_type() == ScalarType::Long && value.numel() == 1, name,
          " must be one int64 on the device of q");
  return static_cast<const std::int64_t*>(value.const_data_ptr());
}

/// The kernels copy 16 bytes at a time.
Tensor readable(const Tensor& tensor) {
  bool fits = tensor.stride(3) == 1 && tensor.stride(1) >= tensor.size(3) &&
              reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 16 == 0;
  for (const std::int64_t dim : {0, 1, 2}) fits = fits && tensor.stride(dim) % 8 == 0;
  return fits ? tensor : torch::stable::clone(torch::stable::contiguous(tensor));
}

Tensor workspace_of(const wean_device_masks* masks, const wean_attention_params& params, const Tensor& q) {
  std::uint64_t bytes = 0;
  check(wean_attention_cuda_bytes(masks, &params, &bytes));
  // From torch's allocator, whose pieces are 512-byte aligned: it is this stream's, or the captured graph's, alone.
  const std::int64_t size[] = {static_cast<std::int64_t>(bytes)};
  return torch::stable::new_empty(q, {size, 1}, ScalarType::Byte);
}

}  // namespace

Tensor attention_cuda(const Tensor& q, const Tensor& k, const Tensor& v, const Site& site, double scale) {
  const SharedMasks file = find_masks(site.masks);
  const wean_masks_facts facts = facts_of(file.get());
  const wean_dtype dtype = dtype_of(q);
  check_operand("q", q, q, facts.q_tokens, facts);
  check_operand("k", k, q, facts.k_tokens, facts);
  check_operand("v", v, q, facts.k_tokens, facts);
  require(site.expert >= 0 && site.expert < facts.experts, "expert ", site.expert, "; allowed are 0 to ",
          facts.experts - 1);
  wean_device_site where;
  wean_device_site_init(&where);
  where.expert = static_cast<std::uint32_t>(site.expert);
  where.phase = index_of("phase", site.phase, q);
  where.branch = index_of("branch", site.branch, q);
  where.layer = index_of("layer", site.layer, q);
  SharedDeviceMasks masks;
  check(upload_masks(site.masks, q.get_device_index(), masks));
  const Tensor readable_q = readable(q), readable_k = readable(k), readable_v = readable(v);
  Tensor o = attention_meta(q);
  wean_attention_params params = params_of(readable_q, readable_k, readable_v, o, facts, scale);
  params.dtype = dtype;
  Tensor workspace = workspace_of(masks.get(), params, q);
  check(wean_attention_cuda_indexed(masks.get(), &where, &params, workspace.mutable_data_ptr(),
                                    static_cast<std::uint64_t>(workspace.numel()),
                                    current_stream(q.get_device_index())));
  return o;
}

}  // namespace wean::torch_binding
