#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <sstream>
#include <vector>

#include "models/deterministic.h"
#include "models/files/checkpoint.h"
#include "models/text/prompt_encoder.h"
#include "models/text/umt5.h"
#include "tests/models/probe/commands.h"

namespace wean::probe {
namespace {

using namespace models;

at::ScalarType type_of(const Arguments& args) {
  return args.text("precision", "fp32") == "bf16" ? at::kBFloat16 : at::kFloat;
}

std::vector<int> thread_counts(const Arguments& args) {
  std::vector<int> out;
  std::istringstream counts(args.text("threads", "2"));
  for (std::string count; std::getline(counts, count, ',');) out.push_back(std::stoi(count));
  return out;
}

}  // namespace

Tensors states(const Arguments& args) {
  const Checkpoint checkpoint = open_checkpoint(args.folder);
  Weights source(checkpoint.text_encoder->tensors, c10::kCPU, type_of(args));
  const Umt5Encoder encoder(checkpoint.text_encoder->config, source);
  source.require_all_taken();
  Tensors out;
  for (const int threads : thread_counts(args)) {
    at::set_num_threads(threads);
    for (const auto& [name, ids] : args.in) {
      const at::Tensor whole = ids.to(at::kLong).contiguous();
      const std::span<const std::int64_t> list(whole.const_data_ptr<std::int64_t>(),
                                               static_cast<std::size_t>(whole.numel()));
      out[name + "_" + std::to_string(threads)] = encoder.encode(list);
    }
  }
  return out;
}

Tensors prompts(const Arguments& args) {
  const PromptEncoder encoder(open_checkpoint(args.folder), c10::kCPU, type_of(args));
  Tensors out;
  for (const auto& [name, bytes] : args.in) {
    const at::Tensor text = bytes.to(at::kByte).contiguous();
    out[name] =
        encoder.encode({reinterpret_cast<const char*>(text.const_data_ptr()), static_cast<std::size_t>(text.numel())});
  }
  return out;
}

Tensors activations(const Arguments& args) {
  Tensors out;
  for (const int threads : thread_counts(args)) {
    at::set_num_threads(threads);
    out["gelu_" + std::to_string(threads)] = models::gelu_tanh(args.in.at("x"));
    out["silu_" + std::to_string(threads)] = models::silu(args.in.at("x"));
  }
  return out;
}

Tensors weights(const Arguments& args) {
  const auto set = open_tensor_file(args.folder);
  Weights source(set, c10::kCPU, type_of(args));
  Tensors out;
  for (const TensorView& view : set->tensors()) out[view.name] = source.take(view.name, view.shape);
  return out;
}

}  // namespace wean::probe
