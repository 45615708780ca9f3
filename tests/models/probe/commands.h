// What the probe can compute. Every command reads `in`, returns what goes to `out`.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tests/models/probe/tensor_io.h"

namespace wean::probe {

/// The command line after the command: a checkpoint folder (or "-"), tensors, and key=value options.
struct Arguments {
  std::filesystem::path folder;
  Tensors in;
  std::map<std::string, std::string> options;
  [[nodiscard]] std::string text(const std::string& key, const std::string& fallback) const;
  [[nodiscard]] double number(const std::string& key, double fallback) const;
};

/// Commands of text_commands.cc: the text encoder on token ids, whole prompts, the activations of
/// models/deterministic.h, and weights as modules see them.
[[nodiscard]] Tensors states(const Arguments& arguments);
[[nodiscard]] Tensors prompts(const Arguments& arguments);
[[nodiscard]] Tensors activations(const Arguments& arguments);
[[nodiscard]] Tensors weights(const Arguments& arguments);

/// Runs `command`; throws kUsage for an unknown one.
[[nodiscard]] Tensors run_command(const std::string& command, const Arguments& arguments);

}  // namespace wean::probe
