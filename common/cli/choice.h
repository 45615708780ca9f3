// An option with named values. Brings CLI11 with it: for options.cc files alone.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace wean::cli {

/// Declares `name` with the values of `choices`; what `target` holds now is the default. Help shows them as "cpu|cuda";
/// another word is a usage error that lists them. `target` must outlive the parse.
template <typename T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& target,
                        const std::vector<std::pair<std::string, T>>& choices, const std::string& description) {
  std::string names, allowed, now;
  for (const auto& [word, value] : choices) {
    names += (names.empty() ? "" : "|") + word;
    allowed += (allowed.empty() ? "" : ", ") + word;
    if (value == target) now = word;
  }
  const auto choose = [&target, choices, allowed, name](const std::string& asked) {
    for (const auto& [word, value] : choices) {
      if (word == asked) {
        target = value;
        return;
      }
    }
    throw CLI::ValidationError(name, "'" + asked + "' is unknown; allowed are " + allowed);
  };
  return app.add_option_function<std::string>(name, choose, description)->type_name(names)->default_str(now);
}

}  // namespace wean::cli
