// Times the CPU block-sparse attention, dense and at several densities, interleaved with its rivals in one process.
//   wean-bench-attention [--tokens N] [--heads N] [--dim N] [--block N] [--threads N] [--repeats N]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

#include "kernels/bench/bench_case.h"
#include "kernels/ref/block_sparse_attention.h"

namespace wean::bench {
namespace {

bool set_option(AttentionCase& attention, std::string_view name, const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value <= 0) return false;
  if (name == "--tokens")
    attention.tokens = value;
  else if (name == "--heads")
    attention.heads = value;
  else if (name == "--dim")
    attention.head_dim = value;
  else if (name == "--block")
    attention.block = value;
  else if (name == "--threads")
    attention.threads = static_cast<int>(value);
  else if (name == "--repeats")
    attention.repeats = static_cast<int>(value);
  else
    return false;
  return true;
}

void fill(AttentionCase& attention) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (auto* tensor : {&attention.q, &attention.k, &attention.v}) {
    tensor->resize(static_cast<std::size_t>(attention.tokens * attention.heads * attention.head_dim));
    for (float& x : *tensor) x = normal(random);
  }
}

/// The same random map for every head; returns its density.
double random_map(const AttentionCase& attention, double density, std::vector<std::uint32_t>& bits) {
  const std::int64_t blocks = (attention.tokens + attention.block - 1) / attention.block;
  const std::int64_t words = (blocks + 31) / 32;
  bits.assign(static_cast<std::size_t>(blocks * words), 0);
  std::mt19937 random(2);
  double kept = 0;
  for (std::int64_t u = 0; u < blocks; ++u) {
    for (std::int64_t v = 0; v < blocks; ++v) {
      if (static_cast<double>(random()) >= density * 0x1p32) continue;
      bits[static_cast<std::size_t>(u * words + v / 32)] |= std::uint32_t{1} << (v % 32);
      const auto size = [&](std::int64_t i) {
        return std::min(attention.block, attention.tokens - i * attention.block);
      };
      kept += static_cast<double>(size(u)) * static_cast<double>(size(v));
    }
  }
  return kept / static_cast<double>(attention.tokens) / static_cast<double>(attention.tokens);
}

Contender wean_contender(const AttentionCase& attention, double density, std::vector<float>& output) {
  std::vector<std::uint32_t> bits;
  const double real = density < 1 ? random_map(attention, density, bits) : 1;
  return {"wean cpu", real, [&attention, &output, bits] {
            const std::vector<const std::uint32_t*> heads(static_cast<std::size_t>(attention.heads),
                                                          bits.empty() ? nullptr : bits.data());
            kernels::BlockSparseAttentionParams params;
            params.q = attention.q.data();
            params.k = attention.k.data();
            params.v = attention.v.data();
            params.o = output.data();
            params.head_bits = heads.data();
            params.heads = attention.heads;
            params.q_tokens = params.k_tokens = attention.tokens;
            params.head_dim = attention.head_dim;
            params.q_block = params.k_block = attention.block;
            params.q_stride_head = params.k_stride_head = params.v_stride_head = params.o_stride_head =
                attention.head_dim;
            params.q_stride_token = params.k_stride_token = params.v_stride_token = params.o_stride_token =
                attention.heads * attention.head_dim;
            kernels::block_sparse_attention(params);
          }};
}

/// Wall time, and processor time of all threads: on a busy machine the second says more.
struct Sample {
  double wall = 0;
  double cpu = 0;
};

Sample sample(const Contender& contender) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  contender.run();
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), cpu};
}

double median(std::vector<Sample> samples, double Sample::*field) {
  const auto less = [field](const Sample& a, const Sample& b) { return a.*field < b.*field; };
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end(), less);
  return *middle.*field;
}

/// Rounds of all contenders in turn, after one round to warm up.
std::vector<std::vector<Sample>> measure(const std::vector<Contender>& contenders, int repeats) {
  std::vector<std::vector<Sample>> samples(contenders.size());
  for (int round = -1; round < repeats; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const Sample one = sample(contenders[i]);
      if (round >= 0) samples[i].push_back(one);
    }
  }
  return samples;
}

void report(const AttentionCase& attention, const std::vector<Contender>& contenders) {
  const auto samples = measure(contenders, attention.repeats);
  std::printf("tokens %ld, heads %ld, head_dim %ld, blocks %ld, threads %d, float32, medians of %d\n",
              static_cast<long>(attention.tokens), static_cast<long>(attention.heads),
              static_cast<long>(attention.head_dim), static_cast<long>(attention.block), attention.threads,
              attention.repeats);
  const double dense_work = 4e-9 * static_cast<double>(attention.tokens * attention.tokens) *
                            static_cast<double>(attention.heads * attention.head_dim);
  const double dense_cpu = median(samples[0], &Sample::cpu);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const double cpu = median(samples[i], &Sample::cpu);
    std::printf(
        "%-11s density %.3f  wall %8.2f ms  cpu %8.2f ms  %6.1f GFLOP per cpu second  cpu %5.2fx of wean dense\n",
        contenders[i].name.c_str(), contenders[i].density, 1e3 * median(samples[i], &Sample::wall), 1e3 * cpu,
        contenders[i].density * dense_work / cpu, cpu / dense_cpu);
  }
}

}  // namespace
}  // namespace wean::bench

int main(int argc, char** argv) {
  wean::bench::AttentionCase attention;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && wean::bench::set_option(attention, argv[i], argv[i + 1])) continue;
    std::fprintf(stderr,
                 "%s: allowed are --tokens, --heads, --dim, --block, --threads, --repeats, each with a number\n",
                 argv[0]);
    return 2;
  }
  omp_set_num_threads(attention.threads);
  wean::bench::fill(attention);
  std::vector<float> output(attention.q.size());
  std::vector<wean::bench::Contender> contenders;
  for (const double density : {1.0, 0.5, 0.25, 0.1}) {
    contenders.push_back(wean::bench::wean_contender(attention, density, output));
  }
#ifdef WEAN_BENCH_TORCH
  for (auto& rival : wean::bench::torch_contenders(attention)) contenders.push_back(std::move(rival));
#endif
  wean::bench::report(attention, contenders);
}
