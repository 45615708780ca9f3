#include "tests/models/probe/commands.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <vector>

#include "common/base/error.h"
#include "models/files/checkpoint.h"
#include "models/pipeline.h"
#include "models/pipeline/noise.h"
#include "models/pipeline/sampling.h"
#include "models/vae/decoder.h"
#include "models/wan/transformer.h"

namespace wean::probe {
namespace {

using namespace models;

at::ScalarType type_of(const Arguments& args) {
  return args.text("precision", "fp32") == "bf16" ? at::kBFloat16 : at::kFloat;
}

Sampler sampler_of(const Arguments& args) {
  return args.text("sampler", "unipc") == "euler" ? Sampler::kEuler : Sampler::kUniPc;
}

/// Runs `work` once for each thread count in the option `threads`; results are named by it: "1,2" gives name_1, name_2.
template <typename Work>
Tensors for_each_thread_count(const Arguments& args, const std::string& name, const Work& work) {
  Tensors out;
  std::istringstream counts(args.text("threads", "2"));
  for (std::string count; std::getline(counts, count, ',');) {
    at::set_num_threads(std::stoi(count));
    out[name + "_" + count] = work();
  }
  return out;
}

/// One forward pass.
Tensors forward(const Arguments& args) {
  const Checkpoint checkpoint = open_checkpoint(args.folder);
  const WanTransformer model(checkpoint.transformer.config,
                             Weights(checkpoint.transformer.tensors, c10::kCPU, type_of(args)));
  const at::Tensor& latents = args.in.at("latents");
  const Rope rope = make_rope(model.grid_of(latents.sizes()), model.config().head_dim, c10::kCPU);
  DenseAttention attention;
  Pass pass;
  pass.timestep = args.number("timestep", 500);
  return for_each_thread_count(args, "velocity", [&] {
    return model.forward(latents, model.prepare_text(args.in.at("text")), rope, pass, attention);
  });
}

/// One run of a solver as the tests name it: "unipc:20:3:2" = sampler, steps, shift, order.
struct Case {
  std::string name;
  Sampler sampler = Sampler::kUniPc;
  int order = 2;
  Schedule schedule;
};

std::vector<Case> cases(const Arguments& args) {
  std::vector<Case> out;
  std::istringstream names(args.text("cases", ""));
  for (std::string name; std::getline(names, name, ',');) {
    std::istringstream parts(name);
    std::string sampler, steps, shift, order;
    std::getline(std::getline(std::getline(std::getline(parts, sampler, ':'), steps, ':'), shift, ':'), order);
    Case made{name, sampler == "euler" ? Sampler::kEuler : Sampler::kUniPc, std::stoi(order), {}};
    made.schedule = make_schedule(made.sampler, static_cast<std::uint32_t>(std::stoul(steps)), std::stod(shift));
    out.push_back(std::move(made));
  }
  return out;
}

/// Noise levels of each case, and where a solver gets on a made-up model: velocity = sin(3 x) + x / 2 - t / 1000 (the
/// test computes the same in Python).
Tensors solve(const Arguments& args) {
  Tensors out;
  for (const Case& run : cases(args)) {
    out[run.name + ".sigmas"] = at::tensor(run.schedule.sigmas);
    out[run.name + ".timesteps"] = at::tensor(run.schedule.timesteps).to(at::kFloat);
    const auto stepper = make_stepper(run.sampler, run.schedule, run.order);
    at::Tensor x = args.in.at("latents");
    for (const double timestep : run.schedule.timesteps) {
      x = stepper->step(at::sin(x * 3) + x / 2 - timestep / 1000, x);
    }
    out[run.name + ".latents"] = x;
  }
  return out;
}

Tensors decode(const Arguments& args) {
  const Checkpoint checkpoint = open_checkpoint(args.folder);
  const VaeDecoder decoder(checkpoint.vae->config, Weights(checkpoint.vae->tensors, c10::kCPU, at::kFloat));
  return for_each_thread_count(args, "frames", [&] {
    std::vector<at::Tensor> frames;
    decoder.decode(args.in.at("latents"), [&](const at::Tensor& part) { frames.push_back(part); });
    return at::cat(frames);
  });
}

LoadOptions load_options(const Arguments& args) {
  LoadOptions options;
  options.precision = args.text("precision", "fp32") == "bf16" ? Precision::kBfloat16 : Precision::kFloat32;
  options.device = args.text("device", "cpu") == "cuda" ? Device::kCuda : Device::kCpu;
  options.threads = static_cast<int>(args.number("threads", 0));
  options.text_encoder = args.options.contains("prompt");
  options.embeddings = args.text("embeddings", "");
  return options;
}

/// The whole pipeline: prompts or embeddings to latents, and to frames in both forms.
Tensors sample(const Arguments& args) {
  const Pipeline pipeline = Pipeline::load(args.folder, load_options(args));
  SampleRequest request;
  request.size = {static_cast<std::int64_t>(args.number("width", 0)),
                  static_cast<std::int64_t>(args.number("height", 0)),
                  static_cast<std::int64_t>(args.number("frames", 0))};
  request.steps = static_cast<std::uint32_t>(args.number("steps", 20));
  request.guidance = args.number("guidance", 5);
  request.shift = args.number("shift", 0);
  request.sampler = sampler_of(args);
  request.initial_latents = args.in.at("latents");
  const bool encode = args.options.contains("prompt");
  request.conditional = encode ? pipeline.encode_prompt(args.text("prompt", "")) : args.in.at("conditional");
  request.unconditional = encode ? pipeline.encode_prompt(args.text("negative", "")) : args.in.at("unconditional");
  DenseAttention attention;
  Tensors out{{"conditional", request.conditional}, {"unconditional", request.unconditional}};
  out["latents"] = pipeline.sample(request, attention, {});
  std::vector<at::Tensor> bytes, values;
  pipeline.decode(out["latents"], [&](const at::Tensor& frame) { bytes.push_back(frame); });
  pipeline.decode_float(out["latents"], [&](const at::Tensor& frame) { values.push_back(frame); });
  out["frames_u8"] = at::stack(bytes);
  out["frames"] = at::stack(values);
  return out;
}

Tensors noise(const Arguments& args) {
  const at::Tensor out = at::empty({static_cast<std::int64_t>(args.number("count", 1000))}, at::kFloat);
  fill_normal(static_cast<std::uint64_t>(std::stoull(args.text("seed", "0"))),
              {out.mutable_data_ptr<float>(), static_cast<std::size_t>(out.numel())});
  return {{"noise", out}};
}

}  // namespace

std::string Arguments::text(const std::string& key, const std::string& fallback) const {
  const auto found = options.find(key);
  return found == options.end() ? fallback : found->second;
}

double Arguments::number(const std::string& key, double fallback) const {
  const auto found = options.find(key);
  return found == options.end() ? fallback : std::stod(found->second);
}

Tensors run_command(const std::string& command, const Arguments& arguments) {
  const std::map<std::string, Tensors (*)(const Arguments&)> commands{
      {"forward", forward}, {"solve", solve},     {"decode", decode},           {"sample", sample},   {"noise", noise},
      {"states", states},   {"prompts", prompts}, {"activations", activations}, {"weights", weights},
  };
  const auto found = commands.find(command);
  require(found != commands.end(), ErrorCode::kUsage, "unknown command ", command);
  return found->second(arguments);
}

}  // namespace wean::probe
