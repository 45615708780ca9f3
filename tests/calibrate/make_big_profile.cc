// wean-make-big-profile OUT LAYERS HEADS BLOCKS PHASES: a profile of real size for timings. One synthetic slab,
// computed once, stands in every place, so the file takes seconds instead of hours.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "tests/support/synthetic_profile.h"

namespace {

void write(const std::string& path, const wean::testing::SyntheticOptions& options) {
  const auto meta = wean::testing::synthetic_meta(options);
  auto slab = wean::testing::synthetic_slab(meta, {});
  wean::ProfileWriter writer(path, meta, true);
  std::uint32_t step = 0;
  for (std::uint32_t phase = 0; phase < options.phases; ++phase) {
    for (auto& global_step : slab.rows.step) global_step = step++;
    for (std::uint32_t layer = 0; layer < options.layers; ++layer)
      writer.write({phase, wean::Branch::kConditional, 0, layer}, slab);
  }
  writer.finish();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 6) throw std::invalid_argument("usage: wean-make-big-profile OUT LAYERS HEADS BLOCKS PHASES");
    const auto number = [&](int i) { return static_cast<std::uint32_t>(std::stoul(argv[i])); };
    wean::testing::SyntheticOptions options;
    options.layers = number(2);
    options.heads = number(3);
    options.grid = {16, 16, number(4) / 16};
    options.phases = number(5);
    options.steps = 6 * options.phases;
    options.prompts = 1;
    options.sampled_rows = 16;
    write(argv[1], options);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "wean-make-big-profile: error: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
