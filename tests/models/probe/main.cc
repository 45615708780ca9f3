// wean-models-probe COMMAND FOLDER IN.safetensors OUT.safetensors [key=value ...]: runs one part of models/ for the
// parity tests. FOLDER and IN may be "-". Exit codes as the tools have.
#include <c10/core/InferenceMode.h>

#include <iostream>

#include "common/base/error.h"
#include "models/deterministic.h"
#include "tests/models/probe/commands.h"

int main(int argc, char** argv) {
  wean::models::use_reproducible_products();
  try {
    wean::require(argc >= 5, wean::ErrorCode::kUsage, "usage: COMMAND FOLDER IN OUT [key=value ...]");
    const c10::InferenceMode inference;
    wean::probe::Arguments arguments;
    arguments.folder = argv[2];
    if (std::string(argv[3]) != "-") arguments.in = wean::probe::read_tensors(argv[3]);
    for (int i = 5; i < argc; ++i) {
      const std::string option = argv[i];
      const std::size_t split = option.find('=');
      arguments.options[option.substr(0, split)] = option.substr(split + 1);
    }
    wean::probe::write_tensors(argv[4], wean::probe::run_command(argv[1], arguments));
  } catch (const wean::Error& error) {
    std::cerr << "wean-models-probe: error: " << error.what() << '\n';
    return static_cast<int>(error.code());
  }
  return 0;
}
