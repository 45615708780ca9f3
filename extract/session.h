// A loaded checkpoint with everything that one extract run asks of it.
#pragma once
#include <vector>

#include "common/base/prompts.h"
#include "extract/extract.h"
#include "extract/profiling_attention.h"
#include "extract/run_folder.h"

namespace wean::extract {

/// Options resolved against the checkpoint and the prompt file.
struct Session {
  ExtractOptions options;
  models::Pipeline pipeline;
  std::vector<Prompt> prompts;                        ///< file order
  ProfileMeta meta;                                   ///< prompts: digests, ascending
  models::Sampler sampler = models::Sampler::kUniPc;  ///< the checkpoint's own unless the options say
  std::vector<at::Tensor> conditional;                ///< embedding of each prompt, [text_len, text_dim]
  at::Tensor unconditional;                           ///< of the empty prompt; undefined without guidance

  /// How statistics of one prompt are gathered.
  [[nodiscard]] ProfilingSettings profiling(const Prompt& prompt) const;
  /// One prompt's sampling run: its embedding and its own noise.
  [[nodiscard]] models::SampleRequest request(const Prompt& prompt) const;
  /// Prompts and digests of their embeddings.
  [[nodiscard]] RunText text() const;
  /// Model passes of one prompt.
  [[nodiscard]] std::uint64_t passes() const;
};

/// Reads prompts and checkpoint, encodes the prompts. Throws what Pipeline::load and read_prompts throw.
[[nodiscard]] Session open_session(const ExtractOptions& options);

/// Bytes of one shard and of the profile for a block size (estimate.cc).
struct FileBytes {
  std::uint64_t shard = 0, profile = 0;
};
[[nodiscard]] FileBytes file_bytes(const ProfileMeta& meta, std::uint32_t block);

}  // namespace wean::extract
