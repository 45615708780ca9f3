// For the Python tests: what wean reads from a checkpoint, as JSON; and verdicts on many safetensors files at once.
//   dump_checkpoint open PATH [HEAD_DIM]   layout, configs, identity, and each part's tensors with the SHA-256 of their
//   bytes
//   dump_checkpoint file PATH              tensors and fingerprints of one safetensors file
//   dump_checkpoint scheduler PATH         what is read from a scheduler_config.json
//   dump_checkpoint judge                  stdin: files, each after its size as u64; stdout: "ok" or the message
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "models/files/checkpoint.h"
#include "models/files/config_reader.h"
#include "models/files/fingerprint.h"
#include "models/files/safetensors.h"

namespace wean::models {
namespace {

using Json = nlohmann::json;

Digest digest_of(const TensorView& tensor) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.size));
  tensor.read(0, bytes);
  return sha256(bytes);
}

Json tensors_json(const TensorSet& set) {
  Json out = Json::object();
  for (const TensorView& t : set.tensors()) {
    out[t.name] = {{"dtype", to_string(t.dtype)}, {"shape", t.shape}, {"sha256", to_hex(digest_of(t))}};
  }
  return out;
}

Json config_json(const TransformerConfig& c) {
  return {{"patch", c.patch},
          {"heads", c.heads},
          {"head_dim", c.head_dim},
          {"layers", c.layers},
          {"in", c.in_channels},
          {"out", c.out_channels},
          {"text_dim", c.text_dim},
          {"freq_dim", c.freq_dim},
          {"ffn_dim", c.ffn_dim},
          {"text_len", c.text_len},
          {"cross_attn_norm", c.cross_attn_norm},
          {"eps", c.eps}};
}

Json config_json(const VaeConfig& c) {
  return {{"base_dim", c.base_dim},
          {"z_dim", c.z_dim},
          {"dim_mult", c.dim_mult},
          {"num_res_blocks", c.num_res_blocks},
          {"temporal_downsample", c.temporal_downsample},
          {"mean", c.latents_mean},
          {"std", c.latents_std},
          {"stride", {c.stride_time, c.stride_space}}};
}

Json config_json(const TextEncoderConfig& c) {
  return {{"vocab_size", c.vocab_size},
          {"d_model", c.d_model},
          {"d_kv", c.d_kv},
          {"d_ff", c.d_ff},
          {"layers", c.layers},
          {"heads", c.heads},
          {"num_buckets", c.num_buckets},
          {"max_distance", c.max_distance},
          {"eps", c.eps}};
}

template <typename Config>
Json part_json(const Component<Config>& part) {
  return {{"config", config_json(part.config)}, {"tensors", tensors_json(*part.tensors)}};
}

Json open_json(const std::string& path, std::int64_t head_dim) {
  const Checkpoint checkpoint = open_checkpoint(path, {true, true, head_dim});
  const ModelIdentity identity = identify(checkpoint);
  Json out{{"layout", to_string(checkpoint.layout)},
           {"family", identity.family},
           {"weights", to_hex(identity.weights)},
           {"quick", to_hex(identity.quick)},
           {"config", to_hex(identity.config)},
           {"transformer", part_json(checkpoint.transformer)},
           {"scheduler", {checkpoint.scheduler.class_name, checkpoint.scheduler.flow_shift}},
           {"missing", {checkpoint.missing_vae, checkpoint.missing_text_encoder, checkpoint.missing_tokenizer}}};
  if (checkpoint.vae) out["vae"] = part_json(*checkpoint.vae);
  if (checkpoint.text_encoder) out["text_encoder"] = part_json(*checkpoint.text_encoder);
  if (checkpoint.tokenizer)
    out["tokenizer"] = (checkpoint.tokenizer->root.given() / checkpoint.tokenizer->folder).string();
  return out;
}

Json file_json(const std::string& path) {
  const auto set = open_tensor_file(path);
  return {{"tensors", tensors_json(*set)},
          {"weights", to_hex(weights_fingerprint(*set))},
          {"quick", to_hex(quick_fingerprint(*set))}};
}

Json scheduler_json(const std::string& path) {
  const std::filesystem::path file(path);
  const SchedulerConfig config =
      read_scheduler_config(read_json(ModelRoot(file.parent_path()), file.filename(), kConfigLimits), path);
  return {{"class", config.class_name}, {"shift", config.flow_shift}, {"order", config.solver_order}};
}

void judge() {
  std::uint64_t size = 0;
  while (std::cin.read(reinterpret_cast<char*>(&size), sizeof size)) {
    std::vector<char> text(size);
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    try {
      (void)parse_safetensors(std::as_bytes(std::span(text)), "f");
      std::cout << "ok\n";
    } catch (const Error& error) {
      std::cout << error.what() << '\n';
    }
  }
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "judge") {
    judge();
  } else if (arguments.size() == 2 && arguments[0] == "file") {
    std::cout << file_json(arguments[1]).dump() << '\n';
  } else if (arguments.size() == 2 && arguments[0] == "scheduler") {
    std::cout << scheduler_json(arguments[1]).dump() << '\n';
  } else if (arguments.size() >= 2 && arguments[0] == "open") {
    std::cout << open_json(arguments[1], arguments.size() > 2 ? std::stoll(arguments[2]) : 0).dump() << '\n';
  } else {
    std::cerr << "usage: dump_checkpoint open PATH [HEAD_DIM] | file PATH | scheduler PATH | judge\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace wean::models

int main(int argc, char** argv) {
  try {
    return wean::models::run({argv + 1, argv + argc});
  } catch (const wean::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
