// wean-tune-sm90: is the Hopper kernel right, where is it wrong, which variant is fastest. Every part runs in a process
// of its own, so that one that fails on the device leaves the others a working device, and under a time limit.
//   wean-tune-sm90 [--diagnose] [--check] [--time] [--out DIR] [--variant NAME]... [--seconds N]
//     [--head-dim 64|128] [--shapes 480p,720p] [--densities 1,.3,.1] [--masks uniform,heads,band,radial,ones]
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "kernels/sm90/tune/modes.h"

namespace wean::kernels::tune {
namespace {

/// Children, each with a part; nothing of CUDA may have run before.
class Children {
 public:
  /// Starts one that is killed after `seconds`, once fewer than `together` run.
  void start(const char* name, unsigned seconds, std::size_t together, const std::function<int()>& part) {
    while (running_.size() >= together) wait_one();
    (void)std::fflush(stdout);
    const pid_t child = fork();
    if (child != 0) {
      running_[child] = name;
      return;
    }
    alarm(seconds);
    int status = 1;
    try {
      status = part() == 0 ? 0 : 1;
    } catch (const std::exception& e) {
      std::printf("{\"kind\":\"fault\",\"part\":\"%s\",\"text\":\"%s\"}\n", name, e.what());
    }
    (void)std::fflush(stdout);
    _exit(status);
  }
  /// Waits for all; how many failed so far.
  int finish() {
    while (!running_.empty()) wait_one();
    return failed_;
  }

 private:
  void wait_one() {
    int status = 0;
    const pid_t child = wait(&status);
    const auto found = running_.find(child);
    if (found == running_.end()) return;
    if (WIFSIGNALED(status)) {
      std::printf("{\"kind\":\"fault\",\"part\":\"%s\",\"text\":\"signal %d\"}\n", found->second.c_str(),
                  WTERMSIG(status));
    }
    failed_ += status != 0;
    running_.erase(found);
  }
  std::map<pid_t, std::string> running_;
  int failed_ = 0;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
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
    } else if (argument == "--head-dim" && has_value) {
      options.head_dim = std::atoi(argv[++i]);
    } else if (argument == "--shapes" && has_value) {
      options.shapes = split(argv[++i]);
    } else if (argument == "--masks" && has_value) {
      options.masks = split(argv[++i]);
    } else if (argument == "--densities" && has_value) {
      options.densities.clear();
      for (const std::string& part : split(argv[++i])) options.densities.push_back(std::atof(part.c_str()));
    } else {
      std::fprintf(stderr, "wean-tune-sm90: unknown or incomplete argument %s\n", argv[i]);
      return 2;
    }
  }
  Children children;
  if (diagnosing) children.start("diagnose", 60, 1, [&] { return diagnose(options); });
  for (int part = 0; checking && part < check_parts(); ++part) {
    Options one = options;
    one.only = part;
    children.start("check", 90, 4, [&] { return check(one); });
  }
  if (timing) children.start("time", static_cast<unsigned>(options.seconds) + 60, 1, [&] { return time(options); });
  const int faults = children.finish();
  std::printf("{\"kind\":\"end\",\"faulty_parts\":%d}\n", faults);
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace wean::kernels::tune

int main(int argc, char** argv) { return wean::kernels::tune::run(argc, argv); }
