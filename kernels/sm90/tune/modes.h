// What the tuning program does; each returns how many things went wrong and prints one line for each.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace wean::kernels::tune {

struct Options {
  std::string out;                    ///< folder of the JSON lines; empty: standard output alone
  std::vector<std::string> variants;  ///< names to keep; empty: all
  double seconds = 60;                ///< of the timing
  std::vector<std::string> shapes = {"480p", "720p"}, masks = {"uniform"};  ///< of the timing
  std::int64_t head_dim = 128;                                              ///< of the timing
  std::vector<double> densities = {1, .1, .5, .3, .2, .05};                 ///< of the timing
  int only = -1;  ///< the part of a mode that this process does; -1: all
};

/// Prints a line to standard output and, as JSON, to `file`.
class Report {
 public:
  explicit Report(const std::string& path) : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "a")) {}
  ~Report() {
    if (file_ != nullptr) (void)std::fclose(file_);
  }
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  void line(const std::string& json) const {
    std::printf("%s\n", json.c_str());
    (void)std::fflush(stdout);
    if (file_ == nullptr) return;
    std::fprintf(file_, "%s\n", json.c_str());
    (void)std::fflush(file_);
  }

 private:
  std::FILE* file_;
};

int diagnose(const Options& options);
int check(const Options& options);
int time(const Options& options);
int check_parts();  ///< how many processes `check` is spread over

}  // namespace wean::kernels::tune
