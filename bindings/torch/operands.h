// What the operators share: checks of tensors against a mask file, and tensors as libwean takes them.
#pragma once
#include <torch/csrc/stable/ops.h>
#include <wean/wean.h>

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

#include "bindings/torch/attention.h"

namespace wean::torch_binding {

/// Throws std::runtime_error with the streamed parts unless `condition` holds.
template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (condition) return;
  std::ostringstream text;
  text << "wean::block_sparse_attention: ";
  (text << ... << parts);
  throw std::runtime_error(text.str());
}

/// "[1, 1274, 4, 64]"
[[nodiscard]] std::string shape_of(const torch::stable::Tensor& tensor);
[[nodiscard]] wean_masks_facts facts_of(const wean_masks* masks);
/// Throws unless the sizes are those of the file.
void check_shape(const char* name, const torch::stable::Tensor& tensor, const torch::stable::Tensor& q,
                 std::uint64_t tokens, const wean_masks_facts& facts);
/// Parameters with pointers, strides and sizes of the tensors, whose last dimension is contiguous.
[[nodiscard]] wean_attention_params params_of(const torch::stable::Tensor& q, const torch::stable::Tensor& k,
                                              const torch::stable::Tensor& v, torch::stable::Tensor& o,
                                              const wean_masks_facts& facts, double scale);

}  // namespace wean::torch_binding
