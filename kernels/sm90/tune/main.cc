// wean-tune-sm90: is the Hopper kernel right, where is it wrong, which variant is fastest. Every part runs in a process
// of its own, so that one that fails on the device leaves the others a working device, and under a time limit.
//   wean-tune-sm90 [--diagnose] [--check] [--time] [--out DIR] [--variant NAME]... [--seconds N]
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include "kernels/sm90/tune/modes.h"

namespace wean::kernels::tune {
namespace {

/// Runs `part` in a child; nothing of CUDA may have run before.
int in_child(const char* name, unsigned seconds, const std::function<int()>& part) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(seconds);
    int status = 1;
    try {
      status = part() == 0 ? 0 : 1;
    } catch (const std::exception& e) {
      std::printf("{\"kind\":\"fault\",\"part\":\"%s\",\"text\":\"%s\"}\n", name, e.what());
    }
    std::fflush(stdout);
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    std::printf("{\"kind\":\"fault\",\"part\":\"%s\",\"text\":\"signal %d\"}\n", name, WTERMSIG(status));
  return status == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  Options options;
  bool diagnosing = false, checking = false, timing = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool has_value = i + 1 < argc;
    if (argument == "--diagnose") {
      diagnosing = true;
    } else if (argument == "--check") {
      checking = true;
    } else if (argument == "--time") {
      timing = true;
    } else if (argument == "--out" && has_value) {
      options.out = argv[++i];
    } else if (argument == "--variant" && has_value) {
      options.variants.emplace_back(argv[++i]);
    } else if (argument == "--seconds" && has_value) {
      options.seconds = std::atof(argv[++i]);
    } else {
      std::fprintf(stderr, "wean-tune-sm90: unknown or incomplete argument %s\n", argv[i]);
      return 2;
    }
  }
  int faults = 0;
  if (diagnosing) faults += in_child("diagnose", 60, [&] { return diagnose(options); });
  for (int part = 0; checking && part < check_parts(); ++part) {
    options.only = part;
    faults += in_child("check", 90, [&] { return check(options); });
  }
  if (timing) faults += in_child("time", static_cast<unsigned>(options.seconds) + 60, [&] { return time(options); });
  std::printf("{\"kind\":\"end\",\"faulty_parts\":%d}\n", faults);
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace wean::kernels::tune

int main(int argc, char** argv) { return wean::kernels::tune::run(argc, argv); }
