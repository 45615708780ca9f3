#include "verify/workbench.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "common/base/error.h"

namespace wean::verify {
namespace {

Digest digest_of(const std::uint8_t (&bytes)[32]) {
  Digest digest;
  std::copy(std::begin(bytes), std::end(bytes), digest.begin());
  return digest;
}

void check_fingerprint(const MaskFile& file, const ModelIdentity& model, const VerifyOptions& options) {
  const Digest weights = digest_of(file.facts().model_weights);
  const Digest config = digest_of(file.facts().model_config);
  if (options.allow_model == short_hex(weights)) return;
  require(weights == model.weights, ErrorCode::kFingerprint, file.path().string(), ": made from weights ",
          short_hex(weights), ", ", options.model.string(), " has ", short_hex(model.weights), "; --allow-model ",
          short_hex(weights), " accepts it all the same");
  require(config == model.config, ErrorCode::kFingerprint, file.path().string(), ": made for configuration ",
          short_hex(config), ", ", options.model.string(), " has ", short_hex(model.config));
}

/// The digests are what the file says of itself; its sizes index the model's tensors.
void check_shape(const MaskFile& file, const ModelIdentity& model, const VerifyOptions& options) {
  const auto& facts = file.facts();
  const auto same = [&](const char* what, std::uint32_t masks, std::uint32_t has) {
    require(masks == has, ErrorCode::kFingerprint, file.path().string(), ": made for ", masks, " ", what, ", ",
            options.model.string(), " has ", has);
  };
  same("experts", facts.experts, model.experts);
  same("layers", facts.layers, model.layers);
  same("heads", facts.heads, model.heads);
  same("channels a head", facts.head_dim, model.head_dim);
  require(options.guidance == 1 || facts.branches > 1, ErrorCode::kUsage, file.path().string(),
          ": has masks for the conditional pass alone; allowed is --guidance 1");
}

/// Pixel size whose token grid is `grid`: the first latent frame stands for one pixel frame.
models::ClipSize size_of(const models::Pipeline& pipeline, const Grid& grid) {
  const models::ClipSize size{grid.width * 16, grid.height * 16, (grid.frames - 1) * 4 + 1};
  require(pipeline.grid_of(size) == grid, ErrorCode::kUsage, "token grid ", to_string(grid),
          " of the masks fits no clip size of this model");
  return size;
}

}  // namespace

std::vector<Prompt> prompts_of(const VerifyOptions& options) {
  std::vector<Prompt> prompts = read_prompts(options.prompts);
  if (options.limit != 0 && options.limit < prompts.size()) prompts.resize(options.limit);
  return prompts;
}

Workbench open_workbench(const VerifyOptions& options) {
  std::vector<std::shared_ptr<SiteMasks>> masks;
  for (const auto& path : options.masks) masks.push_back(std::make_shared<SiteMasks>(std::make_shared<MaskFile>(path)));
  const Grid grid = masks.front()->file().grid();
  for (const auto& other : masks) {
    require(other->file().grid() == grid, ErrorCode::kUsage, other->file().path().string(), ": made for grid ",
            to_string(other->file().grid()), ", ", masks.front()->file().path().string(), " for ", to_string(grid),
            "; all masks of a run share one grid");
  }
  models::LoadOptions load = options.load;
  load.vae = options.decode;
  load.embeddings = options.embeddings;
  models::Pipeline pipeline = models::Pipeline::load(options.model, load);
  for (const auto& mask : masks) {
    check_fingerprint(mask->file(), pipeline.identity(), options);
    check_shape(mask->file(), pipeline.identity(), options);
  }
  const models::ClipSize size = size_of(pipeline, grid);
  const double shift = options.shift > 0 ? options.shift : pipeline.default_shift();
  const models::Sampler sampler = options.sampler.value_or(pipeline.default_sampler());
  at::Tensor unconditional;
  if (options.guidance > 1) unconditional = pipeline.encode_prompt("");
  return {options, std::move(pipeline), std::move(masks), size, sampler, shift, std::move(unconditional)};
}

}  // namespace wean::verify
