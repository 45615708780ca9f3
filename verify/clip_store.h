// "<output>/finished/": one small text file a finished clip, so that a run that was stopped goes on where it was.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "verify/verify.h"

namespace wean::verify {

class ClipStore {
 public:
  /// `run` is the run's manifest; clips are taken over from a run with the same one. Throws kUsage when there are clips
  /// and neither --resume nor --force was given, kResume naming the first difference when the manifest is another one.
  /// --force without --resume removes what is there.
  ClipStore(const VerifyOptions& options, const std::string& run);
  /// The report of clip `number` as it was kept; `prompt` and `noise` are the caller's. Throws kMalformed naming file
  /// and line.
  [[nodiscard]] std::optional<ClipReport> find(std::size_t number) const;
  /// Where the caller keeps the latents of clip `number` until the end, before keep().
  [[nodiscard]] std::filesystem::path latents_path(std::size_t number) const;
  /// Publishes the report of clip `number`, which marks it as finished.
  void keep(std::size_t number, const ClipReport& report) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(std::size_t number) const;
  std::filesystem::path folder_;
  std::size_t masks_;
  bool ceiling_, floors_, decode_;
};

}  // namespace wean::verify
