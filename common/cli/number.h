// Whole numbers on the command line, refused with what is allowed. Brings CLI11 with it: for options.cc files alone.
#pragma once
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace wean::cli {

/// The digits of a number in [low, high]: no sign, point, unit or overflow.
[[nodiscard]] inline CLI::Validator whole_number(std::uint64_t low = 0,
                                                 std::uint64_t high = std::numeric_limits<std::uint64_t>::max()) {
  const auto check = [low, high](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = problem == std::errc() && end == text.data() + text.size();
    if (whole && value >= low && value <= high) return {};
    return "'" + text + "': allowed are whole numbers from " + std::to_string(low) + " to " + std::to_string(high);
  };
  return CLI::Validator(check, "");
}

}  // namespace wean::cli
