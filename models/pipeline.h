// A checkpoint as users have it, loaded whole: prompt -> embedding -> latents -> frames. What the tools see of models/.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/vocabulary.h"
#include "models/attention.h"

namespace wean::models {

enum class Device : std::uint8_t { kCpu, kCuda };
enum class Precision : std::uint8_t { kFloat32, kBfloat16 };

/// Which parts to read; extract needs no VAE, precomputed embeddings need no text encoder.
struct LoadOptions {
  Device device = Device::kCpu;
  Precision precision = Precision::kFloat32;
  bool text_encoder = true;
  std::filesystem::path embeddings;  ///< prompt embeddings (models/text/embeddings.h) instead of tokenizer and encoder
  bool vae = true;
  std::uint32_t head_dim = 0;  ///< only for single files without config: 0 = 128
  int threads = 0;             ///< CPU threads for the whole process; 0 = LibTorch's choice
};

/// Size of a clip in pixels and pixel frames.
struct ClipSize {
  std::int64_t width = 0, height = 0, frames = 0;
};

enum class Sampler : std::uint8_t { kUniPc, kEuler };

/// One sampling run. Classifier-free guidance runs two passes a step: conditional, then unconditional.
struct SampleRequest {
  ClipSize size;
  std::uint32_t steps = 50;
  double guidance = 5.0;  ///< 1 = no unconditional pass
  double shift = 0;       ///< 0 = the checkpoint's flow_shift
  Sampler sampler = Sampler::kUniPc;
  at::Tensor conditional;      ///< [text_len, text_dim]
  at::Tensor unconditional;    ///< [text_len, text_dim]
  at::Tensor initial_latents;  ///< [channels, t, h, w] float32
};

/// Called after each model pass: (step, branch). May throw to stop.
using StepCallback = std::function<void(std::uint32_t step, Branch branch)>;
/// Receives decoded frames in order: uint8 [height, width, 3] on the CPU.
using FrameSink = std::function<void(const at::Tensor& frame)>;

/// A loaded checkpoint. Thread-compatible; one run at a time.
class Pipeline {
 public:
  /// Finds out the layout of `path` (diffusers folder, original Wan folder, single ComfyUI file) and reads what
  /// `options` asks for; other parts need not be there. Throws kMalformed, kIo, kUsage (unknown architecture, by name),
  /// kNotFinite, kNoGpu, kGpuMemory.
  [[nodiscard]] static Pipeline load(const std::filesystem::path& path, const LoadOptions& options);
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  /// What was loaded: the path as it was given, or the snapshot that was taken of a hub cache's outer folder.
  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  [[nodiscard]] const ModelIdentity& identity() const noexcept;
  /// Token grid of a clip; throws kUsage saying the nearest allowed size when it does not fit VAE stride and patch.
  [[nodiscard]] Grid grid_of(const ClipSize& size) const;
  /// Sigma of each step, falling, as the sampler passes them to the model.
  [[nodiscard]] std::vector<double> sigmas(Sampler sampler, std::uint32_t steps, double shift) const;
  [[nodiscard]] double default_shift() const noexcept;
  /// The sampler that the checkpoint's scheduler names.
  [[nodiscard]] Sampler default_sampler() const noexcept;
  /// Text to [text_len, text_dim] on the device: cleaned, tokenised, encoded, zero-padded beyond its length; or found
  /// in the file of embeddings. Throws kUsage when it is not there.
  [[nodiscard]] at::Tensor encode_prompt(const std::string& prompt) const;
  /// Standard normal noise [channels, t, h, w] float32 on the CPU, a function of (seed, size) alone, equal on every
  /// device.
  [[nodiscard]] at::Tensor initial_noise(std::uint64_t seed, const ClipSize& size) const;
  /// Final latents [channels, t, h, w] float32 on the device. Throws kUsage for wrong shapes and values, kNotFinite
  /// naming step and branch, kGpuMemory; passes on what `attention` and `on_pass` throw.
  [[nodiscard]] at::Tensor sample(const SampleRequest& request, SelfAttention& attention,
                                  const StepCallback& on_pass) const;
  /// Latents to frames, streamed: at most a few latent frames are decoded at once.
  void decode(const at::Tensor& latents, const FrameSink& sink) const;
  /// The same frames before rounding: float32 [height, width, 3] in [0, 1] on the CPU. For metrics.
  void decode_float(const at::Tensor& latents, const FrameSink& sink) const;

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Seed of a prompt's noise: the first 8 bytes (little-endian) of SHA-256(run seed as u64 LE || SHA-256 of the prompt).
[[nodiscard]] std::uint64_t prompt_seed(std::uint64_t run_seed, const Digest& prompt);

}  // namespace wean::models
