// wean-verify as a library: dense and sparse videos of held-out prompts, same noise, and how close they are.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/base/progress.h"
#include "models/pipeline.h"
#include "verify/recall.h"

namespace wean::verify {

/// Inputs of a run, as the command line gives them.
struct VerifyOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> masks;  ///< one or more files; the first is what the others are compared with
  std::filesystem::path prompts;
  std::filesystem::path output;      ///< folder for report.json, frames/ and clips/
  std::filesystem::path embeddings;  ///< prompt embeddings instead of the text encoder; may be empty
  std::uint32_t steps = 50;
  double guidance = 5.0;
  double shift = 0;                        ///< 0 = the checkpoint's
  std::optional<models::Sampler> sampler;  ///< empty = the one that the checkpoint names
  models::LoadOptions load;
  std::uint64_t seed = 1;  ///< run seed; noise of a clip follows from it, its number and the prompt
  std::uint32_t seeds_per_prompt = 1;
  std::uint32_t limit = 0;  ///< only the first prompts; 0 = all
  bool ceiling = true;      ///< dense against dense with other rounding
  bool floors = false;      ///< blurred clip, clip held still, another seed
  bool recall = true;
  bool decode = true;        ///< false: latents only, no pictures and no pixel metrics
  std::uint32_t frames = 4;  ///< side-by-side PNGs a clip
  bool clips = false;        ///< y4m clips of dense and sparse
  /// Safetensors to start from instead of own noise: "initial.<clip>" for each clip, or "latents" for all of them,
  /// which one noise a prompt allows. May be empty. A clip's number is prompt * seeds_per_prompt + noise, from 0.
  std::filesystem::path initial_latents;
  /// Safetensors to write: initial.<clip>, dense.<clip> and sparse<mask>.<clip>; may be empty.
  std::filesystem::path save_latents;
  std::string allow_model;  ///< first 16 hex digits of a mask's weights digest to accept all the same
  bool resume = false;      ///< take over the finished clips of an earlier run of the same command
  bool force = false;
};

/// A figure that was not asked for or has no meaning: null in JSON, blank in tables.
inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// How close one clip is to its dense twin.
struct Closeness {
  double psnr = kNotMeasured;  ///< dB
  double ssim = kNotMeasured;
  double flicker = kNotMeasured;
  double latent_l2 = kNotMeasured;  ///< relative
};

/// Seconds of one sampling run.
struct Seconds {
  double attention = 0;
  double rest = 0;
};

/// One clip (prompt and noise) through one mask file.
struct SparseClip {
  Closeness closeness;
  Seconds seconds;
  Recall recall;
  double global_density = 1;  ///< as really run
};

/// One clip with everything measured on it.
struct ClipReport {
  std::string prompt;
  std::uint32_t noise = 0;  ///< number of the noise seed
  Seconds dense;
  std::optional<Closeness> ceiling, blurred, still, other_seed;
  std::vector<SparseClip> sparse;  ///< one a mask file
};

/// Facts of a mask file that the table shows.
struct MaskFacts {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  double planned_density = 1;
};

struct VerifyReport {
  std::vector<MaskFacts> masks;
  std::vector<ClipReport> clips;  ///< prompts in file order, noises inside
  models::ClipSize size;
  std::uint32_t steps = 0;
  double shift = 0, guidance = 0;
  std::string sampler;
  std::filesystem::path model;  ///< what was loaded: of a hub cache's outer folder the snapshot
  std::string manifest;         ///< run_manifest() of the run
  double seconds = 0;
};

/// What a run will take. Seconds come from one dense model pass and leave out decoding and metrics.
struct VerifyEstimate {
  std::uint32_t clips = 0;
  double seconds = 0;
  std::uint64_t memory_bytes = 0;  ///< masks, decoded clips and temporaries, beside model and sampling
  std::uint64_t disk_bytes = 0;    ///< at most: pictures as if PNG could not shrink them, clips, latents
  std::filesystem::path model;
};

/// Throws kUsage naming the option, its value and what is allowed.
void validate(const VerifyOptions& options);
/// Times one dense pass; writes nothing.
[[nodiscard]] VerifyEstimate estimate(const VerifyOptions& options);
/// Does the work and writes pictures, clips and latents; the caller writes report.json and then calls
/// forget_finished_clips(). Stops between model passes when a signal came: kStopped, finished clips are kept in
/// "<output>/finished/". Throws kFingerprint when a mask was made from another model, kUsage when masks differ in grid
/// or the output holds an earlier report, kResume when finished clips are of another run, kLocked.
[[nodiscard]] VerifyReport run(const VerifyOptions& options, const ProgressCallback& progress);
/// Removes what only a resumed run needs.
void forget_finished_clips(const VerifyOptions& options);

}  // namespace wean::verify
