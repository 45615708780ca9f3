// How cores report progress without knowing who shows it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace wean {

/// `done` of `total` units finished; `detail` says what is being worked on: "prompt 3/32 step 7/20".
struct ProgressEvent {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string detail;
};

/// May be empty: then nobody listens. Called on the thread that does the work.
using ProgressCallback = std::function<void(const ProgressEvent&)>;

}  // namespace wean
