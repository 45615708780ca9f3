// Runs a command and says what it found.
#pragma once
#include <string>

#include "inspect/options.h"

namespace wean::inspect {

struct Outcome {
  std::string text;  ///< for stdout: JSON when it was asked for
  int exit = 0;      ///< 1 when a diff found differences
};

/// Throws what the commands throw.
[[nodiscard]] Outcome run(const InspectOptions& given);

}  // namespace wean::inspect
