// Choosing the device. The tools link LibTorch's CPU libraries only; CUDA is loaded when it is asked for.
#pragma once
#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "models/pipeline.h"

namespace wean::models {

/// kCpu: the CPU, with use_reproducible_products(). kCuda: loads libtorch_cuda from the folder of libtorch_cpu
/// (once for the process), checks driver and GPU and fixes the numerics: TF32 off, cuDNN deterministic and without
/// autotuning. Throws kNoGpu with the part that is missing.
[[nodiscard]] c10::Device open_device(Device device);

/// Runs `work`; turns LibTorch's out-of-memory errors into kGpuMemory or (host memory) kIo and its other errors into
/// kSelfCheck, with the first line of their message after `what`.
void guard_device(const std::string& what, const std::function<void()>& work);

}  // namespace wean::models
