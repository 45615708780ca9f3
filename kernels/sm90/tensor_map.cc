#include "kernels/sm90/tensor_map.h"

#include "kernels/cuda/check.h"
#include "kernels/sm90/config.h"

namespace wean::kernels::sm90 {
namespace {

decltype(&cuTensorMapEncodeTiled) encoder() {
  static const auto found = [] {
    void* entry = nullptr;
    auto status = cudaDriverEntryPointSymbolNotFound;
    check_cuda(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &status),
               "cuTensorMapEncodeTiled");
    require(status == cudaDriverEntryPointSuccess && entry != nullptr, ErrorCode::kNoGpu,
            "the driver has no cuTensorMapEncodeTiled; one for CUDA 12.0 or newer is required");
    return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(entry);
  }();
  return found;
}

}  // namespace

CUtensorMap make_tensor_map(const TensorView& view, CudaElementType type, int box_tokens, const char* name) {
  const auto unsign = [](std::int64_t n) { return static_cast<cuuint64_t>(n); };
  const auto stride = [&](std::int64_t entries, std::int64_t elements) {
    return unsign(2 * (entries == 1 ? view.dim : elements));
  };
  const cuuint64_t sizes[4] = {unsign(view.dim), unsign(view.tokens), unsign(view.heads), unsign(view.batch)};
  const cuuint64_t strides[3] = {stride(view.tokens, view.token_stride), stride(view.heads, view.head_stride),
                                 stride(view.batch, view.batch_stride)};
  const cuuint32_t box[4] = {kBoxWidth, static_cast<cuuint32_t>(box_tokens), 1, 1}, steps[4] = {1, 1, 1, 1};
  CUtensorMap map;
  const CUresult status = encoder()(
      &map, type == CudaElementType::kFloat16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4,
      const_cast<void*>(view.data), sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
      CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  require(status == CUDA_SUCCESS, ErrorCode::kUsage, "cuda_block_sparse_attention: the copy engine cannot address ",
          name, " (driver error ", static_cast<int>(status), "): strides ", view.batch_stride, ", ", view.token_stride,
          ", ", view.head_stride, " must be below 2^39 elements");
  return map;
}

}  // namespace wean::kernels::sm90
