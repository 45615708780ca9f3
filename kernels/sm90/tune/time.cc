// Time of every variant at the deployments' sizes: variants take turns, each sample is long, medians are reported.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

#include "kernels/sm90/tune/modes.h"
#include "kernels/sm90/tune/problem.h"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
namespace {

constexpr int kSamples = 5;

class Timer {
 public:
  Timer() {
    check_cuda(cudaEventCreate(&start_), "event");
    check_cuda(cudaEventCreate(&stop_), "event");
  }
  ~Timer() {
    (void)cudaEventDestroy(start_);
    (void)cudaEventDestroy(stop_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  double milliseconds(Problem& problem, const sm90::Kernel& kernel, int runs) {
    check_cuda(cudaEventRecord(start_), "event");
    for (int i = 0; i < runs; ++i) problem.run(kernel);
    check_cuda(cudaEventRecord(stop_), "event");
    problem.wait();
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, start_, stop_), "event");
    return static_cast<double>(ms) / runs;
  }

 private:
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

void time_shape(const Report& report, const Options& options, const Shape& shape) {
  Problem problem(shape, 21);
  problem.plan();
  problem.wait();
  Timer timer;
  std::vector<Variant> variants;
  for (const Variant& v : timed_variants()) {
    const bool wanted = options.variants.empty() ||
                        std::find(options.variants.begin(), options.variants.end(), v.name) != options.variants.end();
    if (wanted) variants.push_back(v);
  }
  std::map<std::string, std::vector<double>> samples;
  const double flops = problem.kept_flops(), expected = flops / 6e11;  // ms at 600 TFLOP/s
  const int runs = std::max(1, static_cast<int>(60 / expected));
  for (const Variant& v : variants) timer.milliseconds(problem, v.kernel, 1);
  for (int i = 0; i < kSamples; ++i) {
    for (const Variant& v : variants) samples[v.name].push_back(timer.milliseconds(problem, v.kernel, runs));
  }
  for (const Variant& v : variants) {
    auto& all = samples[v.name];
    std::sort(all.begin(), all.end());
    char line[512];
    std::snprintf(line, sizeof line,
                  "{\"kind\":\"time\",\"variant\":\"%s\",\"shape\":\"%s\",\"mask\":\"%s\",\"density\":%g,\"heads\":%"
                  "lld,\"tokens\":%lld,"
                  "\"runs\":%d,\"ms\":%.5f,\"least\":%.5f,\"most\":%.5f,\"kept_tflops\":%.1f,\"best_tflops\":%.1f}",
                  v.name, shape.name.c_str(), shape.mask.c_str(), shape.density, static_cast<long long>(shape.heads),
                  static_cast<long long>(shape.q_tokens), runs, all[kSamples / 2], all.front(), all.back(),
                  flops / all[kSamples / 2] / 1e9, flops / all.front() / 1e9);
    report.line(line);
  }
}

}  // namespace

int time(const Options& options) {
  const Report report(options.out.empty() ? "" : options.out + "/time.jsonl");
  const auto start = std::chrono::steady_clock::now();
  for (const char* name : {"480p", "720p"}) {
    for (const double density : {1.0, .1, .5, .3, .2, .05}) {
      if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > options.seconds) {
        report.line("{\"kind\":\"note\",\"text\":\"out of time before " + std::string(name) + " " +
                    std::to_string(density) + "\"}");
        return 0;
      }
      Shape s;
      s.name = name;
      s.heads = s.name == "480p" ? 12 : 40;
      s.q_tokens = s.k_tokens = s.name == "480p" ? 32760 : 75600;
      s.mask = "uniform";
      s.density = density;
      time_shape(report, options, s);
    }
  }
  return 0;
}

}  // namespace wean::kernels::tune
