// wean-make-synthetic-profile OUT [field=value ...]: writes a synthetic profile for command-line tests. Fields: layers,
// heads, experts, frames, height, width (tokens), block, phases, steps, prompts, rows, branches (1 or 2), seed.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "tests/support/synthetic_profile.h"

namespace {

using Fields = std::map<std::string, unsigned long>;

Fields parse(int argc, char** argv) {
  Fields fields = {{"layers", 2},   {"heads", 4},  {"experts", 1}, {"frames", 4}, {"height", 5},
                   {"width", 8},    {"block", 16}, {"phases", 3},  {"steps", 7},  {"prompts", 3},
                   {"branches", 1}, {"rows", 4},   {"seed", 1}};
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equal = text.find('=');
    if (equal == std::string::npos || !fields.contains(text.substr(0, equal))) {
      throw std::invalid_argument("unknown field '" + text + "'");
    }
    fields[text.substr(0, equal)] = std::stoul(text.substr(equal + 1));
  }
  return fields;
}

wean::testing::SyntheticOptions options_of(const Fields& fields) {
  const auto number = [&](const char* name) { return static_cast<std::uint32_t>(fields.at(name)); };
  wean::testing::SyntheticOptions options;
  options.layers = number("layers");
  options.heads = number("heads");
  options.experts = number("experts");
  options.grid = {number("frames"), number("height"), number("width")};
  options.block = number("block");
  options.phases = number("phases");
  options.steps = number("steps");
  options.prompts = number("prompts");
  options.sampled_rows = number("rows");
  options.seed = fields.at("seed");
  if (fields.at("branches") == 2) options.branches.push_back(wean::Branch::kUnconditional);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw std::invalid_argument("usage: wean-make-synthetic-profile OUT [field=value ...]");
    wean::testing::write_synthetic_profile(argv[1], options_of(parse(argc, argv)));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "wean-make-synthetic-profile: error: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
