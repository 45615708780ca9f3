#include "models/device.h"

#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <filesystem>
#include <mutex>

#include "common/base/error.h"
#include "models/deterministic.h"

namespace wean::models {
namespace {

/// Folder of the LibTorch that this process runs with.
std::filesystem::path torch_folder() {
  Dl_info info{};
  const auto* address = reinterpret_cast<const void*>(&at::globalContext);
  require(dladdr(address, &info) != 0 && info.dli_fname != nullptr, ErrorCode::kNoGpu,
          "device cuda: the folder of libtorch_cpu.so is unknown");
  return std::filesystem::path(info.dli_fname).parent_path();
}

void load_cuda() {
  const std::filesystem::path library = torch_folder() / "libtorch_cuda.so";
  require(std::filesystem::exists(library), ErrorCode::kNoGpu, "device cuda: ", library.string(),
          " does not exist: this LibTorch was built without CUDA; use --device cpu or a torch package with CUDA");
  // Global, because its static initialisers register kernels for the dispatcher of libtorch_cpu.
  const void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    fail(ErrorCode::kNoGpu, "device cuda: loading ", library.string(), ": ", reason == nullptr ? "failed" : reason);
  }
}

void fix_cuda_numerics() {
  at::Context& context = at::globalContext();
  for (const auto op : {at::Float32Op::MATMUL, at::Float32Op::CONV, at::Float32Op::RNN}) {
    context.setFloat32Precision(at::Float32Backend::CUDA, op, at::Float32Precision::IEEE);
  }
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

c10::Device open_device(Device device) {
  use_reproducible_products();
  if (device == Device::kCpu) return {c10::kCPU};
  static std::once_flag loaded;
  std::call_once(loaded, load_cuda);
  require(at::globalContext().hasCUDA(), ErrorCode::kNoGpu,
          "device cuda: no NVIDIA GPU or driver found (nvidia-smi shows what the driver sees)");
  fix_cuda_numerics();
  return {c10::kCUDA, 0};
}

void guard_device(const std::string& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const c10::OutOfMemoryError& error) {
    fail(ErrorCode::kGpuMemory, what, ": ", first_line(error.what_without_backtrace()));
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    const bool memory = text.find("DefaultCPUAllocator") != std::string::npos;
    fail(memory ? ErrorCode::kIo : ErrorCode::kSelfCheck, what, ": LibTorch: ", first_line(text));
  }
}

}  // namespace wean::models
