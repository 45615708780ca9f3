#include "runtime/src/attention.h"
#include "runtime/src/device.h"
#include "runtime/src/guard.h"
#include "runtime/src/handle.h"

namespace wean::runtime {
namespace {

// Sizes in version 1.1 of the interface, the first that had them.
constexpr std::size_t kFirstUploadParams = 16, kFirstDeviceSite = 32;
static_assert(sizeof(wean_upload_params) == kFirstUploadParams && sizeof(wean_device_site) == kFirstDeviceSite);

wean_upload_params default_upload_params() { return {sizeof(wean_upload_params), 0, 0, -1}; }

wean_upload_params upload_params(const wean_upload_params* params) {
  const wean_upload_params defaults = default_upload_params();
  return params == nullptr ? defaults : read_params("wean_upload_params", params, kFirstUploadParams, defaults);
}

kernels::CudaElementType element_type(const wean_attention_params& params) {
  std::uint32_t dtype;
  std::memcpy(&dtype, &params.dtype, sizeof dtype);  // the caller may have put any number into the enumeration
  require(dtype == WEAN_BFLOAT16 || dtype == WEAN_FLOAT16, ErrorCode::kUsage, "wean_attention_params.dtype ", dtype,
          "; allowed on a GPU are 1 (bfloat16) and 2 (float16)");
  return dtype == WEAN_BFLOAT16 ? kernels::CudaElementType::kBfloat16 : kernels::CudaElementType::kFloat16;
}

kernels::CudaAttentionParams kernel_params(const wean_device_masks& masks, const wean_attention_params& from) {
  check_sizes(masks.meta, from);
  kernels::CudaAttentionParams to;
  to.q = from.q, to.k = from.k, to.v = from.v, to.o = from.o;
  to.log_sum_exp = from.log_sum_exp;
  to.type = element_type(from);
  to.batch = from.batch, to.head_dim = masks.meta.model.head_dim;
  to.q_stride_batch = from.q_stride_batch, to.q_stride_token = from.q_stride_token;
  to.k_stride_batch = from.k_stride_batch, to.k_stride_token = from.k_stride_token;
  to.v_stride_batch = from.v_stride_batch, to.v_stride_token = from.v_stride_token;
  to.o_stride_batch = from.o_stride_batch, to.o_stride_token = from.o_stride_token;
  to.q_stride_head = from.q_stride_head, to.k_stride_head = from.k_stride_head;
  to.v_stride_head = from.v_stride_head, to.o_stride_head = from.o_stride_head;
  to.scale = from.scale;
  return to;
}

/// What the kernel takes, and behind it room for the mask and plan of a site on the device.
struct Workspace {
  std::uint64_t run, all;

  Workspace(const wean_device_masks& masks, const kernels::CudaAttentionParams& params) {
    constexpr std::uint64_t kAlign = 256;
    run = (kernels::cuda_run_bytes(masks.sections.mask(0), params) + kAlign - 1) / kAlign * kAlign;
    all = run + masks.sections.section_bytes();
  }

  void check(const void* memory, std::uint64_t bytes) const {
    require(memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % 256 == 0, ErrorCode::kUsage, "workspace ",
            memory, "; GPU memory aligned to 256 bytes is needed");
    require(bytes >= all, ErrorCode::kUsage, "workspace_bytes ", bytes, "; needed are ", all);
  }
};

void run(const wean_device_masks& masks, const wean_site& site, const wean_attention_params& params, void* workspace,
         std::uint64_t workspace_bytes, void* stream) {
  const kernels::CudaAttentionParams call = kernel_params(masks, params);
  const std::int32_t section = section_at(masks, site);
  Workspace(masks, call).check(workspace, workspace_bytes);
  const kernels::CudaDeviceGuard guard(masks.sections.device());
  kernels::cuda_block_sparse_attention(masks.sections.mask(section), call, masks.sections.plan(section), workspace,
                                       stream);
}

kernels::DeviceSite device_site(const wean_device_masks& masks, const wean_device_site* site) {
  const wean_device_site defaults = {sizeof(wean_device_site), 0, nullptr, nullptr, nullptr};
  const wean_device_site copy = read_params("wean_device_site", site, kFirstDeviceSite, defaults);
  require_argument(copy.phase, "wean_device_site.phase");
  require_argument(copy.branch, "wean_device_site.branch");
  require_argument(copy.layer, "wean_device_site.layer");
  const std::int64_t experts = masks.sections.table().experts;
  require(copy.expert < experts, ErrorCode::kUsage, "wean_device_site.expert ", copy.expert, "; allowed are 0 to ",
          experts - 1);
  return {copy.phase, copy.branch, copy.layer, copy.expert};
}

void run_indexed(const wean_device_masks& masks, const kernels::DeviceSite& site, const wean_attention_params& params,
                 void* workspace, std::uint64_t workspace_bytes, void* stream) {
  masks.sections.check_fault();
  const kernels::CudaAttentionParams call = kernel_params(masks, params);
  const Workspace needed(masks, call);
  needed.check(workspace, workspace_bytes);
  const kernels::CudaDeviceGuard guard(masks.sections.device());
  const void* plan = nullptr;
  const kernels::CudaMask mask =
      masks.sections.select(site, static_cast<char*>(workspace) + needed.run, &plan, workspace, needed.run, stream);
  kernels::cuda_block_sparse_attention(mask, call, plan, workspace, stream);
}

}  // namespace
}  // namespace wean::runtime

using namespace wean;           // NOLINT: the functions below are C and live outside every namespace
using namespace wean::runtime;  // NOLINT

uint32_t wean_has_cuda(void) { return WEAN_HAS_CUDA; }

void wean_upload_params_init(wean_upload_params* params) {
  if (params != nullptr) *params = default_upload_params();
}

void wean_device_site_init(wean_device_site* site) {
  if (site != nullptr) *site = {sizeof(wean_device_site), 0, nullptr, nullptr, nullptr};
}

wean_status wean_device_masks_bytes(const wean_masks* masks, const wean_upload_params* params, uint64_t* bytes) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(bytes, "bytes");
    *bytes = device_bytes(masks->reader, upload_params(params));
  });
}

wean_status wean_device_masks_open(const wean_masks* masks, const wean_upload_params* params,
                                   wean_device_masks** device_masks) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(device_masks, "device_masks");
    *device_masks = open_on_device(masks->reader, upload_params(params)).release();
  });
}

void wean_device_masks_close(wean_device_masks* device_masks) { delete device_masks; }

void wean_device_masks_release(wean_device_masks* device_masks, void* stream) {
  if (device_masks == nullptr) return;
  device_masks->sections.release(stream);
  delete device_masks;
}

wean_status wean_attention_cuda_bytes(const wean_device_masks* device_masks, const wean_attention_params* params,
                                      uint64_t* bytes) {
  return guard([&] {
    require_argument(device_masks, "device_masks");
    require_argument(bytes, "bytes");
    *bytes = Workspace(*device_masks, kernel_params(*device_masks, attention_params(params))).all;
  });
}

wean_status wean_attention_cuda(const wean_device_masks* device_masks, const wean_site* site,
                                const wean_attention_params* params, void* workspace, uint64_t workspace_bytes,
                                void* stream) {
  return guard([&] {
    require_argument(device_masks, "device_masks");
    require_argument(site, "site");
    run(*device_masks, *site, attention_params(params), workspace, workspace_bytes, stream);
  });
}

wean_status wean_attention_cuda_indexed(const wean_device_masks* device_masks, const wean_device_site* site,
                                        const wean_attention_params* params, void* workspace, uint64_t workspace_bytes,
                                        void* stream) {
  return guard([&] {
    require_argument(device_masks, "device_masks");
    run_indexed(*device_masks, device_site(*device_masks, site), attention_params(params), workspace, workspace_bytes,
                stream);
  });
}
