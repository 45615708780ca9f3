// How long a server waits for a mask file: opening in every mode, and one phase on first use. The file lies in the page
// cache after the first round, which does not count.
//   wean-bench-open FILE.wean [REPEATS]     (taskset -c 0,1 in front of it: on two processors)
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "wean/wean.hpp"

namespace {

/// Wall time, and processor time of all threads, which other programs on the machine disturb less; milliseconds.
struct Time {
  double wall, processor;
};

Time time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  work();
  const double used = 1e3 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  return {std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(), used};
}

/// What is timed, after something that is not.
struct Step {
  std::string name;
  std::function<void()> before, work;
};

std::vector<Step> steps_of(const std::string& path, std::optional<wean::Masks>& masks) {
  const auto open = [&](bool first_use, bool map) {
    return [&, first_use, map] { masks.emplace(path, wean::OpenOptions{first_use, map}); };
  };
  const auto close = [&] { masks.reset(); };
  const auto reopen = [&, open](bool map) {
    return [&, open, map] {
      masks.reset();
      open(true, map)();
    };
  };
  return {
      {"open, every byte proven, private copy (default)", close, open(false, false)},
      {"open, every byte proven, memory map", close, open(false, true)},
      {"open, header and tables, private copy", close, open(true, false)},
      {"open, header and tables, memory map", close, open(true, true)},
      {"prove one phase, private copy", reopen(false), [&] { masks->verify(0, 1); }},
      {"prove one phase, memory map", reopen(true), [&] { masks->verify(0, 1); }},
  };
}

void run(const std::string& path, int repeats) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) throw std::runtime_error(path + ": cannot be read");
  std::optional<wean::Masks> masks(path);
  std::printf("%s: %.1f MB, %u phases, %u processors, medians of %d\n", path.c_str(),
              1e-6 * static_cast<double>(info.st_size), masks->facts().phases, std::thread::hardware_concurrency(),
              repeats);
  for (const Step& step : steps_of(path, masks)) {
    std::vector<double> walls, processors;
    for (int i = -1; i < repeats; ++i) {
      step.before();
      const Time time = time_of(step.work);
      if (i < 0) continue;
      walls.push_back(time.wall);
      processors.push_back(time.processor);
    }
    std::sort(walls.begin(), walls.end());
    std::sort(processors.begin(), processors.end());
    std::printf("%-50s %8.1f ms  (%.1f to %.1f), processor time %8.1f ms\n", step.name.c_str(), walls[walls.size() / 2],
                walls.front(), walls.back(), processors[processors.size() / 2]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc == 3 ? std::atoi(argv[2]) : 7;
  if (argc < 2 || argc > 3 || repeats < 1) {
    std::fprintf(stderr, "usage: wean-bench-open FILE.wean [REPEATS]\n");
    return 2;
  }
  try {
    run(argv[1], repeats);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wean-bench-open: %s\n", error.what());
    return 1;
  }
}
