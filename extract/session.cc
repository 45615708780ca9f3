#include "extract/session.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/version.h"

namespace wean::extract {
namespace {

SamplingRecipe recipe_of(const ExtractOptions& o, models::Sampler sampler, double shift) {
  SamplingRecipe recipe;
  recipe.width = o.size.width;
  recipe.height = o.size.height;
  recipe.frames = o.size.frames;
  recipe.sampler = sampler == models::Sampler::kUniPc ? "unipc" : "euler";
  recipe.steps = o.steps;
  recipe.shift = shift;
  recipe.guidance = o.guidance;
  recipe.dtype = o.load.precision == models::Precision::kFloat32 ? "float32" : "bfloat16";
  recipe.seed = o.seed;
  return recipe;
}

ProfileMeta meta_of(const ExtractOptions& o, models::Sampler sampler, const models::Pipeline& pipeline,
                    const std::vector<Prompt>& prompts) {
  ProfileMeta meta;
  meta.tool_version = version();
  meta.model = pipeline.identity();
  const double shift = o.shift > 0 ? o.shift : pipeline.default_shift();
  meta.recipe = recipe_of(o, sampler, shift);
  meta.grid = pipeline.grid_of(o.size);
  meta.sigmas = pipeline.sigmas(sampler, o.steps, shift);
  meta.phases = make_phases(meta.sigmas, o.phases);
  meta.branches = {Branch::kConditional};
  if (o.unconditional) meta.branches.push_back(Branch::kUnconditional);
  for (const Prompt& prompt : prompts) meta.prompts.push_back(prompt.digest);
  std::sort(meta.prompts.begin(), meta.prompts.end());
  return meta;
}

/// 64 when one shard a prompt and the profile fit the disk budget, else 128.
std::uint32_t choose_block(const ExtractOptions& o, const ProfileMeta& meta) {
  if (o.block != 0) return o.block;
  std::uint64_t needed = 0;
  for (const std::uint32_t block : {64U, 128U}) {
    const FileBytes bytes = file_bytes(meta, block);
    needed = bytes.shard * meta.prompts.size() + bytes.profile;
    if (needed <= o.disk_budget) return block;
  }
  fail(ErrorCode::kUsage, "--disk ", o.disk_budget, ": shards and profile need ", needed,
       " bytes even in blocks of 128; allow more, or choose --block yourself");
}

Digest embedding_digest(const at::Tensor& embedding) {
  const at::Tensor bytes = embedding.to(at::kCPU, at::kFloat).contiguous();
  return sha256(std::span(static_cast<const std::byte*>(bytes.const_data_ptr()), bytes.nbytes()));
}

}  // namespace

Session open_session(const ExtractOptions& options) {
  std::vector<Prompt> prompts = read_prompts(options.prompts);
  models::LoadOptions load = options.load;
  load.vae = false;
  load.embeddings = options.embeddings;
  models::Pipeline pipeline = models::Pipeline::load(options.model, load);
  const models::Sampler sampler = options.sampler.value_or(pipeline.default_sampler());
  ProfileMeta meta = meta_of(options, sampler, pipeline, prompts);
  meta.block = choose_block(options, meta);
  Session session{options, std::move(pipeline), std::move(prompts), std::move(meta), sampler, {}, {}};
  for (const Prompt& prompt : session.prompts)
    session.conditional.push_back(session.pipeline.encode_prompt(prompt.text));
  if (options.guidance > 1) session.unconditional = session.pipeline.encode_prompt("");
  return session;
}

ProfilingSettings Session::profiling(const Prompt& prompt) const {
  ProfilingSettings settings;
  settings.phases = meta.phases;
  settings.branches = meta.branches;
  settings.block = meta.block;
  settings.sampled_rows = meta.sampled_rows;
  settings.seed = models::prompt_seed(meta.recipe.seed, prompt.digest);
  settings.budget_bytes = static_cast<std::int64_t>(options.chunk_bytes);
  return settings;
}

models::SampleRequest Session::request(const Prompt& prompt) const {
  const auto same = [&](const Prompt& p) { return p.digest == prompt.digest; };
  const auto index = std::find_if(prompts.begin(), prompts.end(), same) - prompts.begin();
  models::SampleRequest request;
  request.size = options.size;
  request.steps = options.steps;
  request.guidance = options.guidance;
  request.shift = meta.recipe.shift;
  request.sampler = sampler;
  request.conditional = conditional[static_cast<std::size_t>(index)];
  request.unconditional = unconditional;
  request.initial_latents = pipeline.initial_noise(models::prompt_seed(meta.recipe.seed, prompt.digest), options.size);
  return request;
}

RunText Session::text() const {
  RunText text{prompts, {}, {}};
  for (const at::Tensor& embedding : conditional) text.embeddings.push_back(embedding_digest(embedding));
  if (unconditional.defined()) text.no_prompt = embedding_digest(unconditional);
  return text;
}

std::uint64_t Session::passes() const { return std::uint64_t{options.steps} * (options.guidance > 1 ? 2 : 1); }

}  // namespace wean::extract
