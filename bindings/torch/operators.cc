// torch.ops.wean: what the dispatcher knows.
#include <torch/csrc/stable/library.h>

#include <stdexcept>
#include <string>

#include "bindings/torch/attention.h"
#include "bindings/torch/registry.h"

namespace {

using torch::stable::Tensor;
using namespace wean::torch_binding;  // NOLINT

Tensor attention_on_cpu(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t masks, const Tensor& phase,
                        const Tensor& branch, const Tensor& layer, std::int64_t expert, double scale) {
  return attention_cpu(q, k, v, {masks, phase, branch, layer, expert}, scale);
}

Tensor attention_on_meta(const Tensor& q, const Tensor&, const Tensor&, std::int64_t, const Tensor&, const Tensor&,
                         const Tensor&, std::int64_t, double) {
  return attention_meta(q);
}

// A build without CUDA has this too, to refuse by name: the dispatcher's own text says nothing of what to do.
Tensor attention_on_cuda(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t masks, const Tensor& phase,
                         const Tensor& branch, const Tensor& layer, std::int64_t expert, double scale) {
  if (wean_has_cuda() == 0) {
    throw std::runtime_error(
        "wean::block_sparse_attention: q is on a CUDA device and this build of wean has no CUDA kernels; it needs a "
        "build with them, or a model on the CPU");
  }
  return attention_cuda(q, k, v, {masks, phase, branch, layer, expert}, scale);
}

std::int64_t adopt(std::int64_t address) {
  return adopt_masks(reinterpret_cast<wean_masks*>(static_cast<std::intptr_t>(address)));
}

std::int64_t open(const std::string& path) { return open_masks(path); }

void release(std::int64_t number) { release_masks(number); }

std::int64_t upload(std::int64_t number, std::int64_t device) {
  SharedDeviceMasks masks;
  return upload_masks(number, device, masks);
}

bool has_cuda() { return wean_has_cuda() == 1; }

}  // namespace

STABLE_TORCH_LIBRARY(wean, library) {
  // q, k, v [batch, tokens, heads, head_dim] -> the same shape. masks: number of a mask file; phase, branch, layer:
  // int64 tensors of one element on the device of q; scale 0 = 1 / sqrt(head_dim). For inference: the Python package
  // refuses to record a gradient (operators.py says why there); a program without it gets torch's warning in backward.
  library.def(
      "block_sparse_attention(Tensor q, Tensor k, Tensor v, SymInt masks, Tensor phase, Tensor branch, Tensor layer, "
      "SymInt expert=0, float scale=0.0) -> Tensor");
  // A mask file by path, for programs without the Python package; its number.
  library.def("open_masks(str path) -> int");
  // Takes over a wean_masks* of this process's libwean, given as a number; its number here.
  library.def("adopt_masks(int address) -> int");
  // Copies the masks to a CUDA device, which else the first call there does; the wean_status.
  library.def("upload_masks(int masks, int device) -> int");
  // Closes the file when no call uses it any more.
  library.def("release_masks(int masks) -> ()");
  library.def("has_cuda() -> bool");
}

STABLE_TORCH_LIBRARY_IMPL(wean, CPU, library) { library.impl("block_sparse_attention", TORCH_BOX(&attention_on_cpu)); }
STABLE_TORCH_LIBRARY_IMPL(wean, CUDA, library) {
  library.impl("block_sparse_attention", TORCH_BOX(&attention_on_cuda));
}
STABLE_TORCH_LIBRARY_IMPL(wean, Meta, library) {
  library.impl("block_sparse_attention", TORCH_BOX(&attention_on_meta));
}

STABLE_TORCH_LIBRARY_IMPL(wean, CompositeExplicitAutograd, library) {
  library.impl("open_masks", TORCH_BOX(&open));
  library.impl("adopt_masks", TORCH_BOX(&adopt));
  library.impl("upload_masks", TORCH_BOX(&upload));
  library.impl("release_masks", TORCH_BOX(&release));
  library.impl("has_cuda", TORCH_BOX(&has_cuda));
}
