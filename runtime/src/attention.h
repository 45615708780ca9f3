// What the calls on the CPU and on a GPU share.
#pragma once
#include "runtime/include/wean/wean.h"
#include "schemas/masks/masks.h"

namespace wean::runtime {

/// The caller's parameters in this library's layout; throws kUsage when there are none or their struct_size is wrong.
[[nodiscard]] wean_attention_params attention_params(const wean_attention_params* params);

/// Throws kUsage unless the caller's tensors have the sizes that the file was made for: a difference would be read out
/// of bounds.
void check_sizes(const MaskMeta& meta, const wean_attention_params& params);

}  // namespace wean::runtime
