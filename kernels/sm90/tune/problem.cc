#include "kernels/sm90/tune/problem.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <sstream>

#include "kernels/sm90/watchdog_report.h"

namespace wean::kernels {
void launch_plan(const CudaMask& mask, void* plan, void* stream);
}

namespace wean::kernels::tune {
namespace {

constexpr std::size_t kGuard = 4096;  ///< bytes behind outputs that nothing may write

float widen(std::uint16_t bits, bool half) {
  if (!half) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  const std::uint32_t sign = bits >> 15, exponent = bits >> 10 & 31, fraction = bits & 1023;
  float value = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(fraction + 1024), static_cast<int>(exponent) - 25);
  if (exponent == 31) value = fraction == 0 ? INFINITY : NAN;
  return sign != 0 ? -value : value;
}

CudaMask sizes(const Shape& s) {
  CudaMask mask;
  mask.batch = s.mask_batch;
  mask.heads = s.heads;
  mask.q_tokens = s.q_tokens;
  mask.k_tokens = s.k_tokens;
  mask.k_block = s.key_block;
  return mask;
}

/// Sets `count` different bits of a row.
void choose(std::uint32_t* row, std::int64_t blocks, std::int64_t count, std::mt19937_64& random) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(blocks));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int32_t>(i);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto j = i + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(blocks - i));
    std::swap(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(j)]);
    const auto block = static_cast<std::uint32_t>(all[static_cast<std::size_t>(i)]);
    row[block / 32] |= 1u << block % 32;
  }
}

/// Blocks of the same place in 21 frames, a window that halves whenever the distance in frames doubles.
bool radial(std::int64_t row, std::int64_t block, std::int64_t rows, std::int64_t blocks, double density) {
  constexpr double kFrames = 21;
  const double r = (static_cast<double>(row) + 0.5) / static_cast<double>(rows) * kFrames;
  const double b = (static_cast<double>(block) + 0.5) / static_cast<double>(blocks) * kFrames;
  const double frames = std::fabs(std::floor(r) - std::floor(b)),
               place = std::fabs(r - std::floor(r) - (b - std::floor(b)));
  return place <= 1.15 * density / std::exp2(std::floor(std::log2(frames + 1)) - 1);
}

}  // namespace

std::vector<std::uint32_t> make_mask(const Shape& s, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const PlanLayout layout(sizes(s));
  const std::int64_t blocks = layout.key_blocks;
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(layout.heads * layout.rows * layout.words));
  const auto part = [&](double density) {
    return std::clamp<std::int64_t>(std::llround(density * static_cast<double>(blocks)), 1, blocks);
  };
  for (std::int64_t head = 0; head < layout.heads; ++head) {
    for (std::int64_t r = 0; r < layout.rows; ++r) {
      std::uint32_t* row = bits.data() + (head * layout.rows + r) * layout.words;
      const std::string kind = s.mask != "mixed"
                                   ? s.mask
                                   : std::vector<std::string>{"random", "empty", "single", "ones",
                                                              "last"}[static_cast<std::size_t>((r + head) % 5)];
      if (kind == "ones") choose(row, blocks, blocks, random);
      if (kind == "single") choose(row, blocks, 1, random);
      if (kind == "last") row[(blocks - 1) / 32] |= 1u << (blocks - 1) % 32;
      if (kind == "uniform") choose(row, blocks, part(s.density), random);
      if (kind == "heads") {
        const double most = s.density * 2, least = s.density / 10;
        const double place = layout.heads == 1 ? 0 : static_cast<double>(head) / static_cast<double>(layout.heads - 1);
        choose(row, blocks, part(std::min(1.0, least + (most - least) * place)), random);
      }
      for (std::int64_t b = 0; b < blocks; ++b) {
        const double center =
            (static_cast<double>(r) + 0.5) / static_cast<double>(layout.rows) * static_cast<double>(blocks);
        if (kind == "radial" && radial(r, b, layout.rows, blocks, s.density)) row[b / 32] |= 1u << b % 32;
        const bool set = kind == "random" ? std::uniform_real_distribution<>(0, 1)(random) < s.density
                                          : kind == "band" && std::fabs(static_cast<double>(b) + 0.5 - center) <=
                                                                  s.density * static_cast<double>(blocks) / 2;
        if (set) row[b / 32] |= 1u << b % 32;
      }
      // What lies past the last block must not matter.
      if (blocks % 32 != 0 && s.mask == "mixed") row[layout.words - 1] |= ~0u << blocks % 32;
    }
  }
  return bits;
}

std::int64_t Problem::strides(std::int64_t tokens, std::int64_t& batch, std::int64_t& token, std::int64_t& head) const {
  token = shape_.head_major ? shape_.head_dim : shape_.heads * shape_.head_dim;
  head = shape_.head_major ? tokens * shape_.head_dim : shape_.head_dim;
  batch = tokens * shape_.heads * shape_.head_dim;
  return batch * shape_.batch;
}

Problem::Problem(const Shape& s, std::uint64_t seed)
    : shape_(s),
      bits_(make_mask(s, seed)),
      elements_q_(static_cast<std::uint64_t>(s.batch * s.heads * s.q_tokens * s.head_dim)),
      elements_k_(static_cast<std::uint64_t>(s.batch * s.heads * s.k_tokens * s.head_dim)),
      q_(2 * elements_q_),
      k_(2 * elements_k_),
      v_(2 * elements_k_),
      o_(2 * elements_q_ + kGuard),
      lse_(static_cast<std::size_t>(s.batch * s.heads * s.q_tokens) * 4 + kGuard),
      bits_device_(bits_.size() * 4),
      plan_(PlanLayout(sizes(s)).bytes),
      workspace_(sm90::workspace_bytes()),
      mask_(sizes(s)) {
  check_cuda(cudaMemcpy(bits_device_.get(), bits_.data(), bits_.size() * 4, cudaMemcpyHostToDevice), "copy of bits");
  check_cuda(cudaMemset(workspace_.get(), 0, workspace_.bytes()), "cudaMemset");
  check_cuda(cudaHostAlloc(reinterpret_cast<void**>(&watchdog_), 4 * sm90::kWatchdogWords, cudaHostAllocMapped),
             "cudaHostAlloc");
  std::memset(watchdog_, 0, 4 * sm90::kWatchdogWords);
  launch_random(q_.get(), elements_q_, s.half, 1.5f, 3 * seed + 1);
  launch_random(k_.get(), elements_k_, s.half, 1.f, 3 * seed + 2);
  launch_random(v_.get(), elements_k_, s.half, 1.f, 3 * seed + 3);
  mask_.bits = bits_device_.get<std::uint32_t>();
  CudaAttentionParams& p = params_;
  p.q = q_.get();
  p.k = k_.get();
  p.v = v_.get();
  p.o = o_.get();
  p.log_sum_exp = lse_.get<float>();
  p.type = s.type();
  p.batch = s.batch;
  p.head_dim = s.head_dim;
  strides(s.q_tokens, p.q_stride_batch, p.q_stride_token, p.q_stride_head);
  strides(s.k_tokens, p.k_stride_batch, p.k_stride_token, p.k_stride_head);
  strides(s.k_tokens, p.v_stride_batch, p.v_stride_token, p.v_stride_head);
  strides(s.q_tokens, p.o_stride_batch, p.o_stride_token, p.o_stride_head);
  if (!s.data.empty()) shape_data();
  poison();
  check_cuda(cudaDeviceSynchronize(), "setting up");
}

void Problem::shape_data() {
  std::vector<std::uint16_t> q(elements_q_), k(elements_k_), v(elements_k_);
  const auto copy = [](auto& host, const Buffer& device) {
    check_cuda(cudaMemcpy(host.data(), device.get(), 2 * host.size(), cudaMemcpyDeviceToHost), "copy of a tensor");
  };
  const auto copy_back = [](const Buffer& device, const auto& host) {
    check_cuda(cudaMemcpy(device.get(), host.data(), 2 * host.size(), cudaMemcpyHostToDevice), "copy of a tensor");
  };
  copy(q, q_), copy(k, k_), copy(v, v_);
  shape_scores(shape_, params_, q.data(), k.data(), v.data());
  copy_back(q_, q), copy_back(k_, k), copy_back(v_, v);
}

void Problem::plan(void* stream) { launch_plan(mask_, plan_.get(), stream); }

void Problem::poison() {
  check_cuda(cudaMemset(o_.get(), 0xFF, o_.bytes()), "cudaMemset");
  check_cuda(cudaMemset(lse_.get(), 0xFF, lse_.bytes()), "cudaMemset");
}

void Problem::run(const sm90::Kernel& kernel, bool persistent) {
  sm90::KernelParams p = sm90::make_params(mask_, params_, plan_.get(), workspace_.get());
  p.watchdog = watchdog_;
  kernel.launch(p, persistent ? sm90::persistent_blocks(p) : p.tiles, nullptr);
}

void Problem::wait() {
  const cudaError_t status = cudaDeviceSynchronize();
  if (status == cudaSuccess) return;
  fail(ErrorCode::kSelfCheck, "device: ", cudaGetErrorString(status), "; ", describe_report(watchdog_));
}

double Problem::kept_flops() const {
  const PlanLayout layout(mask_);
  double pairs = 0;
  for (std::int64_t row = 0; row < layout.heads * layout.rows; ++row) {
    const std::int64_t queries = std::min<std::int64_t>(128, shape_.q_tokens - row % layout.rows * 128);
    std::int64_t keys = 0;
    for (std::int64_t b = 0; b < layout.key_blocks; ++b) {
      const std::uint32_t word = bits_[static_cast<std::size_t>(row * layout.words + b / 32)];
      if (word >> b % 32 & 1) keys += std::min(shape_.key_block, shape_.k_tokens - b * shape_.key_block);
    }
    pairs += static_cast<double>(queries) * static_cast<double>(keys);
  }
  return 4.0 * static_cast<double>(shape_.head_dim) * pairs * static_cast<double>(shape_.batch / shape_.mask_batch);
}

std::vector<std::uint16_t> Problem::output() const {
  std::vector<std::uint16_t> host(o_.bytes() / 2);
  check_cuda(cudaMemcpy(host.data(), o_.get(), o_.bytes(), cudaMemcpyDeviceToHost), "copy of o");
  return host;
}

std::string Problem::compare(std::int64_t rows_per_head, double& error) {
  const Shape& s = shape_;
  std::vector<std::int64_t> rows;
  std::mt19937_64 random(7);
  for (std::int64_t flat = 0; flat < s.batch * s.heads; ++flat) {
    const bool all = rows_per_head >= s.q_tokens;
    for (std::int64_t i = 0; i < (all ? s.q_tokens : rows_per_head); ++i) {
      const auto any = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(s.q_tokens));
      rows.push_back(flat * s.q_tokens + (all ? i : i == 0 ? s.q_tokens - 1 : any));
    }
  }
  const auto width = static_cast<std::size_t>(s.head_dim + 1);
  Buffer rows_device(rows.size() * 8), wanted_device(rows.size() * width * 8);
  check_cuda(cudaMemcpy(rows_device.get(), rows.data(), rows.size() * 8, cudaMemcpyHostToDevice), "copy of rows");
  launch_reference(mask_, params_, rows_device.get<std::int64_t>(), static_cast<std::int64_t>(rows.size()),
                   wanted_device.get<double>());
  wait();
  std::vector<double> wanted(rows.size() * width);
  check_cuda(cudaMemcpy(wanted.data(), wanted_device.get(), wanted.size() * 8, cudaMemcpyDeviceToHost), "copy back");
  const std::vector<std::uint16_t> o = output();
  std::vector<float> lse(lse_.bytes() / 4);
  check_cuda(cudaMemcpy(lse.data(), lse_.get(), lse_.bytes(), cudaMemcpyDeviceToHost), "copy of log_sum_exp");
  std::ostringstream wrong;
  std::size_t faults = 0;
  double squares = 0, differences = 0;
  const auto report = [&](std::int64_t row, std::int64_t d, double got, double want) {
    if (++faults > 6) return;
    const std::int64_t flat = row / s.q_tokens;
    wrong << " [batch " << flat / s.heads << " head " << flat % s.heads << " row " << row % s.q_tokens
          << (d < 0 ? " lse" : " d ");
    if (d >= 0) wrong << d;
    wrong << ": " << got << " for " << want << "]";
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t flat = rows[i] / s.q_tokens, token = rows[i] % s.q_tokens;
    const std::int64_t at = flat / s.heads * params_.o_stride_batch + flat % s.heads * params_.o_stride_head +
                            token * params_.o_stride_token;
    for (std::int64_t d = 0; d < s.head_dim; ++d) {
      const double want = wanted[i * width + static_cast<std::size_t>(d)],
                   got = widen(o[static_cast<std::size_t>(at + d)], s.half);
      if (!std::isfinite(want)) {
        if (std::isnan(want) ? !std::isnan(got) : got != want) report(rows[i], d, got, want);
        continue;
      }
      squares += want * want;
      differences += (got - want) * (got - want);
      if (!(std::fabs(got - want) <= 2e-2 * std::max(0.25, std::fabs(want)))) report(rows[i], d, got, want);
    }
    const double want = wanted[i * width + width - 1], got = lse[static_cast<std::size_t>(rows[i])];
    if (!(got == want || (std::isnan(want) && std::isnan(got)) || std::fabs(got - want) <= 2e-3))
      report(rows[i], -1, got, want);
  }
  error = squares == 0 ? std::sqrt(differences) : std::sqrt(differences / squares);
  for (std::size_t i = 0; i < kGuard / 2; ++i) {
    if (o[elements_q_ + i] != 0xFFFF) ++faults, wrong << " [memory behind o was written at +" << i << "]";
    if (faults > 8) break;
  }
  const double allowed = s.half ? 2e-3 : 5e-3;
  if (!(error <= allowed)) ++faults, wrong << " [relative L2 " << error << " above " << allowed << "]";
  return faults == 0 ? "" : std::to_string(faults) + " of " + std::to_string(rows.size() * width) + ":" + wrong.str();
}

std::string describe_report(const std::uint32_t* report) {
  static const char* const kRoles[] = {"producer", "store 0", "store 1", "consumer 0", "consumer 1"};
  static const char* const kWaits[] = {"query full", "query empty", "key full", "key empty",
                                       "value full", "value empty", "output"};
  std::ostringstream text;
  for (int role = 0; role < 5; ++role) {
    const std::uint32_t* words = report + 4 * role;
    if (words[0] == 0) continue;
    text << kRoles[role] << " of block " << words[3] << " waits for " << kWaits[(words[0] - 1) % 7] << " slot "
         << words[1] << " parity " << words[2] << "; ";
  }
  return text.str();
}

}  // namespace wean::kernels::tune
