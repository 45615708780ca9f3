#include "models/pipeline.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <optional>
#include <utility>

#include "common/base/error.h"
#include "models/device.h"
#include "models/files/checkpoint.h"
#include "models/pipeline/geometry.h"
#include "models/pipeline/noise.h"
#include "models/pipeline/sampling.h"
#include "models/text/embeddings.h"
#include "models/text/prompt_encoder.h"
#include "models/vae/decoder.h"
#include "models/wan/transformer.h"

namespace wean::models {
namespace {

constexpr int kMaxThreads = 1024;

/// Frames of a decoder, [n, 3, h, w] in [-1, 1], to pictures in [0, 1]: [n, h, w, 3].
at::Tensor pictures(const at::Tensor& frames) { return ((frames + 1) / 2).clamp(0, 1).permute({0, 2, 3, 1}); }

}  // namespace

struct Pipeline::Impl {
  Checkpoint checkpoint;
  ModelIdentity identity;
  c10::Device device{c10::kCPU};
  LatentStride stride;
  std::optional<WanTransformer> transformer;
  at::ScalarType type = at::kFloat;
  std::optional<PromptEncoder> text;
  std::optional<PromptEmbeddings> embeddings;
  std::optional<VaeDecoder> vae;

  void load(const LoadOptions& options);
  void load_parts(const LoadOptions& options);
  void decode(const at::Tensor& latents, const VaeDecoder::Sink& sink) const;
};

void Pipeline::Impl::load_parts(const LoadOptions& options) {
  const c10::InferenceMode inference;
  type = options.precision == Precision::kFloat32 ? at::kFloat : at::kBFloat16;
  if (!options.embeddings.empty()) {
    const TransformerConfig& config = checkpoint.transformer.config;
    embeddings.emplace(options.embeddings, config.text_len, config.text_dim);
  } else if (options.text_encoder) {
    text.emplace(checkpoint, device, type);
  }
  if (options.vae) {
    require(checkpoint.vae.has_value(), ErrorCode::kUsage, checkpoint.missing_vae);
    // The reference recommends float32 for the decoder whatever the transformer runs in.
    vae.emplace(checkpoint.vae->config, Weights(checkpoint.vae->tensors, device, at::kFloat));
  }
  transformer.emplace(checkpoint.transformer.config, Weights(checkpoint.transformer.tensors, device, type));
}

void Pipeline::Impl::load(const LoadOptions& options) {
  require(options.threads >= 0 && options.threads <= kMaxThreads, ErrorCode::kUsage, "--threads ", options.threads,
          ": allowed are 0 (all cores) to ", kMaxThreads);
  if (options.threads > 0) at::set_num_threads(options.threads);
  device = open_device(options.device);
  if (checkpoint.vae) stride = {checkpoint.vae->config.stride_time, checkpoint.vae->config.stride_space};
  guard_device(checkpoint.path.string(), [&] { load_parts(options); });
  identity = identify(checkpoint);
}

void Pipeline::Impl::decode(const at::Tensor& latents, const VaeDecoder::Sink& sink) const {
  require(vae.has_value(), ErrorCode::kUsage, checkpoint.path.string(), ": the VAE was not loaded");
  const c10::InferenceMode inference;
  guard_device("decoding", [&] { vae->decode(latents, sink); });
}

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

Pipeline Pipeline::load(const std::filesystem::path& path, const LoadOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->checkpoint =
      open_checkpoint(path, {options.text_encoder && options.embeddings.empty(), options.vae, options.head_dim});
  impl->load(options);
  return Pipeline(std::move(impl));
}

const std::filesystem::path& Pipeline::path() const noexcept { return impl_->checkpoint.path; }

const ModelIdentity& Pipeline::identity() const noexcept { return impl_->identity; }

Grid Pipeline::grid_of(const ClipSize& size) const { return token_grid(size, impl_->stride); }

double Pipeline::default_shift() const noexcept { return impl_->checkpoint.scheduler.flow_shift; }

Sampler Pipeline::default_sampler() const noexcept {
  return impl_->checkpoint.scheduler.class_name == "UniPCMultistepScheduler" ? Sampler::kUniPc : Sampler::kEuler;
}

std::vector<double> Pipeline::sigmas(Sampler sampler, std::uint32_t steps, double shift) const {
  const Schedule schedule = make_schedule(sampler, steps, shift == 0 ? default_shift() : shift);
  std::vector<double> levels;
  for (std::size_t step = 0; step < schedule.steps(); ++step) levels.push_back(schedule.sigma(step));
  return levels;
}

at::Tensor Pipeline::encode_prompt(const std::string& prompt) const {
  const c10::InferenceMode inference;
  if (impl_->embeddings) return impl_->embeddings->find(prompt, impl_->device, impl_->type);
  require(impl_->text.has_value(), ErrorCode::kUsage, impl_->checkpoint.path.string(),
          ": the text encoder was not loaded");
  at::Tensor embedding;
  guard_device("encoding a prompt", [&] { embedding = impl_->text->encode(prompt); });
  return embedding;
}

at::Tensor Pipeline::initial_noise(std::uint64_t seed, const ClipSize& size) const {
  const auto [frames, height, width] = latent_shape(size, impl_->stride);
  const at::Tensor noise = at::empty({impl_->transformer->config().in_channels, frames, height, width}, at::kFloat);
  fill_normal(seed, {noise.mutable_data_ptr<float>(), static_cast<std::size_t>(noise.numel())});
  return noise;
}

at::Tensor Pipeline::sample(const SampleRequest& request, SelfAttention& attention, const StepCallback& on_pass) const {
  const c10::InferenceMode inference;
  const auto [frames, height, width] = latent_shape(request.size, impl_->stride);
  const std::vector<std::int64_t> expected{impl_->transformer->config().in_channels, frames, height, width};
  require(request.initial_latents.sizes() == expected, ErrorCode::kUsage, "initial latents of shape ",
          request.initial_latents.sizes(), "; this clip needs ", at::IntArrayRef(expected));
  const Schedule schedule =
      make_schedule(request.sampler, request.steps, request.shift == 0 ? default_shift() : request.shift);
  const auto order = static_cast<int>(impl_->checkpoint.scheduler.solver_order);
  const std::unique_ptr<Stepper> stepper = make_stepper(request.sampler, schedule, order);
  at::Tensor latents;
  guard_device("sampling", [&] {
    latents = run_sampling(*impl_->transformer, schedule, *stepper, request, {attention, on_pass});
  });
  return latents;
}

void Pipeline::decode(const at::Tensor& latents, const FrameSink& sink) const {
  impl_->decode(latents, [&](const at::Tensor& frames) {
    const at::Tensor bytes = (pictures(frames) * 255).round().to(at::kByte).cpu().contiguous();
    for (std::int64_t i = 0; i < bytes.size(0); ++i) sink(bytes[i]);
  });
}

void Pipeline::decode_float(const at::Tensor& latents, const FrameSink& sink) const {
  impl_->decode(latents, [&](const at::Tensor& frames) {
    const at::Tensor values = pictures(frames).cpu().contiguous();
    for (std::int64_t i = 0; i < values.size(0); ++i) sink(values[i]);
  });
}

std::uint64_t prompt_seed(std::uint64_t run_seed, const Digest& prompt) {
  Sha256 hash;
  hash.update_u64(run_seed).update(std::as_bytes(std::span(prompt)));
  const Digest digest = hash.finish();
  std::uint64_t seed = 0;
  for (std::size_t i = 8; i-- > 0;) seed = seed << 8U | digest[i];
  return seed;
}

}  // namespace wean::models
