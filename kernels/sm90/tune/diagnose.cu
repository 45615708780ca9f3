// The pieces of the kernel one by one, with the kernel's own code: what the copy engine writes, one tile of scores, one
// of output, the staged store, the plan. Each says which element differs first.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/sm90/consumer.cuh"
#include "kernels/sm90/tune/modes.h"
#include "kernels/sm90/tune/problem.h"

namespace wean::kernels::tune {
namespace {

using sm90::Config;

/// Where the pieces are written, in plain row-major order.
struct Pieces {
  std::uint16_t *q, *k, *v;      ///< [128][head_dim] as read back through the swizzle
  float *scores, *scores_rs;     ///< [128][128], query from shared memory and from registers
  const std::uint16_t* weights;  ///< [128][128]
  float* output;                 ///< [128][head_dim]
};

template <class Choice>
__global__ void __launch_bounds__(256, 1) pieces_kernel(const __grid_constant__ sm90::KernelParams p, Pieces out) {
  constexpr Config C = Choice::kConfig;
  using Bytes = sm90::Layout<C>;
  using Consumer = sm90::Consumer<C>;
  extern __shared__ __align__(1024) std::uint8_t memory[];
  const sm90::Shared<C> shared = {sm90::shared_address(memory)};
  const sm90::Waiter<true> wait = {p.watchdog, sm90::Role::kConsumer0};
  if (threadIdx.x == 0) shared.init_barriers();
  __syncthreads();
  if (threadIdx.x == 0) {
    sm90::barrier_arrive_expect(shared.query_full(0), Bytes::kTileBytes);
    sm90::barrier_arrive_expect(shared.key_full(0), Bytes::kTileBytes);
    sm90::barrier_arrive_expect(shared.value_full(0), Bytes::kTileBytes);
    for (int box = 0; box < Bytes::kBoxes; ++box) {
      const int dim = box * sm90::kBoxWidth, at = box * Bytes::kBoxBytes;
      sm90::tma_load(shared.query(0) + at, &p.q, shared.query_full(0), dim, 0, 0, 0);
      sm90::tma_load(shared.key(0) + at, &p.k, shared.key_full(0), dim, 0, 0, 0);
      sm90::tma_load(shared.value(0) + at, &p.v, shared.value_full(0), dim, 0, 0, 0);
    }
  }
  wait(shared.query_full(0), 0, sm90::Wait::kQueryFull, 0);
  wait(shared.key_full(0), 0, sm90::Wait::kKeyFull, 0);
  wait(shared.value_full(0), 0, sm90::Wait::kValueFull, 0);
  for (int i = threadIdx.x; i < 128 * C.head_dim; i += 256) {
    const int row = i / C.head_dim, d = i % C.head_dim, chunk = d / 8;
    const int at = chunk / 8 * Bytes::kBoxBytes + row * 128 + (((chunk & 7) ^ (row & 7)) << 4) + d % 8 * 2;
    const auto read = [&](int base) { return *reinterpret_cast<const std::uint16_t*>(memory + base + at); };
    out.q[i] = read(Bytes::kQuery);
    out.k[i] = read(Bytes::kKey);
    out.v[i] = read(Bytes::kValue);
  }
  __syncthreads();
  const int warp = __shfl_sync(~0u, static_cast<int>(threadIdx.x) / 32, 0), lane = threadIdx.x % 32, half = warp / 4;
  Consumer consumer{p, shared, {p.watchdog, sm90::Role::kConsumer0}, half, warp % 4, lane};
  const int row = half * 64 + warp % 4 * 16 + lane / 4, column = lane % 4 * 2;
  {
    float s[64];
    std::uint32_t q[Consumer::kSlices][4];
    for (int i = 0; i < Consumer::kSlices; ++i) sm90::load_matrices(consumer.piece(0, i), q[i]);
    sm90::wgmma_fence();
    consumer.issue_scores(s, q);
    sm90::wgmma_wait<0>();
    sm90::accumulators_ready(s);
    float* to = C.query_in_registers ? out.scores_rs : out.scores;
#pragma unroll
    for (int i = 0; i < 64; ++i) to[(row + (i / 2 & 1) * 8) * 128 + i / 4 * 8 + column + i % 2] = s[i];
  }
  float o[Consumer::kOutputs] = {};
  std::uint32_t weights[8][4];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      const int at = (row + (part & 1) * 8) * 128 + i * 16 + part / 2 * 8 + column;
      weights[i][part] = *reinterpret_cast<const std::uint32_t*>(out.weights + at);
    }
  }
  sm90::wgmma_fence();
  consumer.issue_output(o, weights);
  sm90::wgmma_wait<0>();
  sm90::accumulators_ready(o);
#pragma unroll
  for (int i = 0; i < Consumer::kOutputs; ++i) {
    out.output[(row + (i / 2 & 1) * 8) * C.head_dim + i / 4 * 8 + column + i % 2] = o[i];
  }
  sm90::RowState state = {{0, 0}, {0.25f, 0.25f}};  // four lanes: rows are divided by one
  __syncthreads();
  consumer.finish(0, false, o, state);
  wait(shared.output(0, half), 0, sm90::Wait::kOutput, 0);
  if (threadIdx.x % 128 == 0) {
    for (int box = 0; box < Bytes::kBoxes; ++box) {
      sm90::tma_store(&p.o, shared.query(0) + box * Bytes::kBoxBytes + half * 64 * 128, box * 64, half * 64, 0, 0);
    }
    sm90::tma_store_commit();
    sm90::tma_store_wait_read();
  }
}

float value_of(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <typename T>
std::vector<T> fetch(const void* from, std::size_t count) {
  std::vector<T> host(count);
  check_cuda(cudaMemcpy(host.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost), "copy of a piece");
  return host;
}

/// Compares [rows][columns] and says where it differs first, how often, and in which rows and columns.
template <typename Got, typename Want>
int compare(const Report& report, const std::string& name, int rows, int columns, double tolerance, Got got,
            Want want) {
  int wrong = 0;
  std::string first;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const double g = got(r, c), w = want(r, c);
      if (std::fabs(g - w) <= tolerance) continue;
      if (++wrong <= 8)
        first +=
            " [" + std::to_string(r) + "," + std::to_string(c) + "] " + std::to_string(g) + " for " + std::to_string(w);
    }
  }
  report.line("{\"kind\":\"piece\",\"name\":\"" + name + "\",\"elements\":" + std::to_string(rows * columns) +
              ",\"wrong\":" + std::to_string(wrong) + ",\"first\":\"" + first + "\"}");
  return wrong != 0;
}

template <class Choice>
int pieces(const Report& report, const std::string& name) {
  constexpr int D = Choice::kConfig.head_dim;
  Shape shape;
  shape.heads = 2;  // so that a wrong stride shows
  shape.q_tokens = shape.k_tokens = 128;
  shape.head_dim = D;
  Problem problem(shape, 5);
  Buffer q(128 * D * 2), k(128 * D * 2), v(128 * D * 2), s(128 * 128 * 4), srs(128 * 128 * 4), w(128 * 128 * 2),
      o(128 * D * 4);
  check_cuda(cudaMemset(s.get(), 0xFF, s.bytes()), "cudaMemset");
  check_cuda(cudaMemset(o.get(), 0xFF, o.bytes()), "cudaMemset");
  launch_random(w.get(), 128 * 128, false, 1, 99);
  const Pieces out = {q.get<std::uint16_t>(), k.get<std::uint16_t>(), v.get<std::uint16_t>(), s.get<float>(),
                      s.get<float>(),         w.get<std::uint16_t>(), o.get<float>()};
  sm90::KernelParams p =
      sm90::make_params(problem.mask(), problem.params(), problem.plan_memory(), problem.workspace());
  p.watchdog = problem.watchdog();
  constexpr int kBytes = sm90::Layout<Choice::kConfig>::kBytes;
  check_cuda(cudaFuncSetAttribute(pieces_kernel<Choice>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes),
             "shared memory");
  pieces_kernel<Choice><<<1, 256, kBytes>>>(p, out);
  check_cuda(cudaGetLastError(), "pieces");
  problem.wait();
  const std::size_t all = 128 * 2 * D, tile = 128 * D;
  const auto hq = fetch<std::uint16_t>(problem.params().q, all), hk = fetch<std::uint16_t>(problem.params().k, all),
             hv = fetch<std::uint16_t>(problem.params().v, all);
  const auto hw = fetch<std::uint16_t>(w.get(), 128 * 128), ho = fetch<std::uint16_t>(problem.params().o, all);
  const auto gq = fetch<std::uint16_t>(q.get(), tile), gk = fetch<std::uint16_t>(k.get(), tile),
             gv = fetch<std::uint16_t>(v.get(), tile);
  const auto gs = fetch<float>(s.get(), 128 * 128), go = fetch<float>(o.get(), tile);
  const auto in = [&](const std::vector<std::uint16_t>& host, int r, int c) {
    return static_cast<double>(value_of(host[static_cast<std::size_t>(r * 2 * D + c)]));
  };
  const auto at = [](const auto& host, int r, int c, int width) {
    return host[static_cast<std::size_t>(r * width + c)];
  };
  int faults = 0;
  faults += compare(
      report, name + " copy of q", 128, D, 0, [&](int r, int c) { return value_of(at(gq, r, c, D)); },
      [&](int r, int c) { return in(hq, r, c); });
  faults += compare(
      report, name + " copy of k", 128, D, 0, [&](int r, int c) { return value_of(at(gk, r, c, D)); },
      [&](int r, int c) { return in(hk, r, c); });
  faults += compare(
      report, name + " copy of v", 128, D, 0, [&](int r, int c) { return value_of(at(gv, r, c, D)); },
      [&](int r, int c) { return in(hv, r, c); });
  faults += compare(
      report, name + " scores", 128, 128, 1e-3, [&](int r, int c) { return at(gs, r, c, 128); },
      [&](int r, int c) {
        double sum = 0;
        for (int d = 0; d < D; ++d) sum += in(hq, r, d) * in(hk, c, d);
        return sum;
      });
  const auto weighted = [&](int r, int c) {
    double sum = 0;
    for (int key = 0; key < 128; ++key) sum += static_cast<double>(value_of(at(hw, r, key, 128))) * in(hv, key, c);
    return sum;
  };
  faults += compare(
      report, name + " output", 128, D, 1e-3, [&](int r, int c) { return at(go, r, c, D); }, weighted);
  faults += compare(
      report, name + " stored output", 128, D, 0.15, [&](int r, int c) { return in(ho, r, c); }, weighted);
  return faults;
}

int plan_piece(const Report& report, const Shape& shape) {
  Problem problem(shape, 3);
  problem.plan();
  problem.wait();
  const PlanLayout layout(problem.mask());
  const auto tiles = static_cast<std::size_t>(layout.heads * layout.rows);
  const auto got = fetch<PlanItem>(problem.plan_memory(), tiles);
  std::vector<std::int64_t> totals(static_cast<std::size_t>(layout.heads));
  std::vector<PlanItem> want(tiles);
  for (std::size_t i = 0; i < tiles; ++i) {
    int count = 0;
    for (std::int64_t w = 0; w < layout.words; ++w) {
      std::uint32_t word = problem.bits()[i * static_cast<std::size_t>(layout.words) + static_cast<std::size_t>(w)];
      if (layout.key_blocks - w * 32 < 32) word &= (1u << (layout.key_blocks - w * 32)) - 1;
      count += std::popcount(word);
    }
    want[i] = {static_cast<std::int32_t>(i / static_cast<std::size_t>(layout.rows)),
               static_cast<std::int32_t>(i % static_cast<std::size_t>(layout.rows)), count, 0};
    totals[i / static_cast<std::size_t>(layout.rows)] += count;
  }
  std::stable_sort(want.begin(), want.end(), [&](const PlanItem& a, const PlanItem& b) {
    if (a.head == b.head) return a.count > b.count;
    const auto ta = totals[static_cast<std::size_t>(a.head)], tb = totals[static_cast<std::size_t>(b.head)];
    return ta != tb ? ta > tb : a.head < b.head;
  });
  const auto flat = [](const std::vector<PlanItem>& items, int r, int c) {
    const PlanItem& item = items[static_cast<std::size_t>(r)];
    return static_cast<double>(c == 0 ? item.head : c == 1 ? item.row : item.count);
  };
  int faults = compare(
      report, "plan " + shape.name, static_cast<int>(tiles), 3, 0, [&](int r, int c) { return flat(got, r, c); },
      [&](int r, int c) { return flat(want, r, c); });
  cudaEvent_t start, stop;
  check_cuda(cudaEventCreate(&start), "event");
  check_cuda(cudaEventCreate(&stop), "event");
  check_cuda(cudaEventRecord(start), "event");
  for (int i = 0; i < 100; ++i) problem.plan();
  check_cuda(cudaEventRecord(stop), "event");
  problem.wait();
  float ms = 0;
  check_cuda(cudaEventElapsedTime(&ms, start, stop), "event");
  report.line("{\"kind\":\"plan\",\"name\":\"" + shape.name + "\",\"microseconds\":" + std::to_string(ms * 10) + "}");
  return faults;
}

int plan_pieces(const Report& report) {
  Shape shape;
  shape.name = "720p";
  shape.heads = 40;
  shape.q_tokens = shape.k_tokens = 75600;
  shape.head_dim = 64;
  shape.mask = "heads";
  shape.density = .3;
  int faults = plan_piece(report, shape);
  shape.name = "more rows than are sorted";
  shape.heads = 3;
  shape.q_tokens = 128 * 4500 + 1;
  shape.k_tokens = 4097;
  shape.key_block = 64;
  shape.mask = "mixed";
  faults += plan_piece(report, shape);
  shape.name = "batch, long rows";
  shape.heads = 2;
  shape.mask_batch = shape.batch = 5;
  shape.q_tokens = 900;
  shape.k_tokens = 128 * 33 * 32;  // rows of more than 32 words
  shape.key_block = 128;
  shape.mask = "random";
  return faults + plan_piece(report, shape);
}

struct Memory128 {
  static constexpr Config kConfig = [] {
    Config c;
    c.watchdog = true;
    return c;
  }();
};
struct Registers128 {
  static constexpr Config kConfig = [] {
    Config c;
    c.watchdog = true;
    c.query_in_registers = true;
    return c;
  }();
};
struct Memory64 {
  static constexpr Config kConfig = [] {
    Config c;
    c.watchdog = true;
    c.head_dim = 64;
    return c;
  }();
};

}  // namespace

int diagnose(const Options& options) {
  const Report report(options.out.empty() ? "" : options.out + "/diagnose.jsonl");
  return pieces<Memory128>(report, "128") + pieces<Registers128>(report, "128 registers") +
         pieces<Memory64>(report, "64") + plan_pieces(report);
}

}  // namespace wean::kernels::tune
