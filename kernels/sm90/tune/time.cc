// Time of every variant at the deployments' sizes: variants take turns, each sample is long, medians are reported.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <thread>

#include "kernels/sm90/tune/modes.h"
#include "kernels/sm90/tune/problem.h"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
namespace {

constexpr int kSamples = 5;

/// Clock and power as the driver's library tells them; zeros without it.
class Meter {
 public:
  Meter() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW)) {
    if (library_ == nullptr) return;
    const auto init = reinterpret_cast<int (*)()>(dlsym(library_, "nvmlInit_v2"));
    const auto find =
        reinterpret_cast<int (*)(const char*, void**)>(dlsym(library_, "nvmlDeviceGetHandleByPciBusId_v2"));
    clock_ = reinterpret_cast<Clock>(dlsym(library_, "nvmlDeviceGetClockInfo"));
    power_ = reinterpret_cast<Power>(dlsym(library_, "nvmlDeviceGetPowerUsage"));
    char bus[32] = {};  // the library's own numbers know nothing of CUDA_VISIBLE_DEVICES
    const bool known = cudaDeviceGetPCIBusId(bus, sizeof bus, 0) == cudaSuccess;
    if (!known || !init || !find || init() != 0 || find(bus, &device_) != 0) device_ = nullptr;
  }
  unsigned megahertz() const {
    unsigned value = 0;
    return device_ != nullptr && clock_ && clock_(device_, 1, &value) == 0 ? value : 0;
  }
  unsigned watts() const {
    unsigned value = 0;
    return device_ != nullptr && power_ && power_(device_, &value) == 0 ? value / 1000 : 0;
  }

 private:
  using Clock = int (*)(void*, int, unsigned*);
  using Power = int (*)(void*, unsigned*);
  void* library_;
  void* device_ = nullptr;
  Clock clock_ = nullptr;
  Power power_ = nullptr;
};

struct Sample {
  double ms;
  unsigned megahertz, watts;
};

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
  /// The meter is read in the middle of `runs` that take about `expected` ms.
  Sample run(Problem& problem, const sm90::Kernel& kernel, int runs, double expected) {
    check_cuda(cudaEventRecord(start_), "event");
    for (int i = 0; i < runs; ++i) problem.run(kernel);
    check_cuda(cudaEventRecord(stop_), "event");
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(expected / 2));
    Sample sample = {0, meter_.megahertz(), meter_.watts()};
    problem.wait();
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, start_, stop_), "event");
    sample.ms = static_cast<double>(ms) / runs;
    return sample;
  }

 private:
  Meter meter_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

void report_line(const Report& report, const Shape& shape, const char* variant, std::vector<Sample>& all, int runs,
                 double flops) {
  std::sort(all.begin(), all.end(), [](const Sample& a, const Sample& b) { return a.ms < b.ms; });
  const Sample& median = all[all.size() / 2];
  char line[640];
  std::snprintf(line, sizeof line,
                "{\"kind\":\"time\",\"variant\":\"%s\",\"shape\":\"%s\",\"mask\":\"%s\",\"density\":%g,\"heads\":%lld,"
                "\"tokens\":%lld,\"runs\":%d,\"ms\":%.5f,\"least\":%.5f,\"most\":%.5f,\"kept_tflops\":%.1f,"
                "\"best_tflops\":%.1f,\"sm_mhz\":%u,\"watts\":%u}",
                variant, shape.name.c_str(), shape.mask.c_str(), shape.density, static_cast<long long>(shape.heads),
                static_cast<long long>(shape.q_tokens), runs, median.ms, all.front().ms, all.back().ms,
                flops / median.ms / 1e9, flops / all.front().ms / 1e9, median.megahertz, median.watts);
  report.line(line);
}

/// Every sample stands between samples of all other variants, after `warm` seconds of work.
void time_shape(const Report& report, const std::vector<Variant>& variants, const Shape& shape, double warm) {
  Problem problem(shape, 21);
  problem.plan();
  problem.wait();
  Timer timer;
  std::map<std::string, std::vector<Sample>> samples;
  const double flops = problem.kept_flops(), expected = flops / 6.4e11;  // ms at 640 TFLOP/s
  const int runs = std::max(1, static_cast<int>(std::ceil(200 / expected)));
  const int warm_runs = std::max(1, static_cast<int>(warm * 1000 / expected / static_cast<double>(variants.size())));
  for (const Variant& v : variants) timer.run(problem, v.kernel, warm_runs, 0);
  for (int i = 0; i < kSamples; ++i) {
    for (const Variant& v : variants) {
      timer.run(problem, v.kernel, runs, 0);  // the lead-in: kernels/bench/rivals/measure.py
      samples[v.name].push_back(timer.run(problem, v.kernel, runs, expected * runs));
    }
  }
  for (const Variant& v : variants) report_line(report, shape, v.name, samples[v.name], runs, flops);
}

}  // namespace

int time(const Options& options) {
  const Report report(options.out.empty() ? "" : options.out + "/time.jsonl");
  const auto start = std::chrono::steady_clock::now();
  std::vector<Variant> variants;
  for (const Variant& v : timed_variants()) {
    const bool wanted = options.variants.empty() ||
                        std::find(options.variants.begin(), options.variants.end(), v.name) != options.variants.end();
    if (wanted && v.kernel.config.head_dim == options.head_dim) variants.push_back(v);
  }
  if (variants.empty()) {
    report.line("{\"kind\":\"fault\",\"part\":\"time\",\"text\":\"no variant has this name and head_dim\"}");
    return 1;
  }
  double warm = 2;  // the first one's; the device is warm from then on
  for (const std::string& mask : options.masks) {
    for (const std::string& name : options.shapes) {
      for (const double density : options.densities) {
        const std::string what = name + " " + mask + " " + std::to_string(density);
        if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > options.seconds) {
          report.line("{\"kind\":\"note\",\"text\":\"out of time before " + what + "\"}");
          return 0;
        }
        Shape s;
        s.name = name;
        s.heads = name == "480p" ? 12 : 40;
        s.q_tokens = s.k_tokens = name == "480p" ? 32760 : 75600;
        s.head_dim = options.head_dim;
        s.mask = mask;
        s.density = density;
        time_shape(report, variants, s, warm);
        warm = 0.3;
      }
    }
  }
  return 0;
}

}  // namespace wean::kernels::tune
