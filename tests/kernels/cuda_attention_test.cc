// The CUDA kernels against the definition in double precision, for every case that they support. Without a GPU all of
// these report that they were skipped. Memory and races: HACKING.md has the command for compute-sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

#include "common/base/error.h"
#include "tests/kernels/comparison.h"
#include "tests/kernels/cuda_run.h"

namespace wean {
namespace {

using test::AttentionCase;
using test::AttentionData;
using test::DeviceRun;
using test::Variant;

#define WEAN_NEEDS_GPU() \
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU"

struct Given {
  AttentionCase attention;
  Variant variant = Variant::kChosen;
};
void PrintTo(const Given& given, std::ostream* out) { *out << given.attention.name; }

std::vector<Given> cases(bool large) {
  std::vector<Given> given;
  for (const AttentionCase& attention : test::attention_cases()) {
    if (!test::runs_on_cuda(attention) || attention.large != large) continue;
    for (const Variant variant : {Variant::kChosen, Variant::kSm80}) given.push_back({attention, variant});
  }
  return given;
}

const auto name_of = [](const auto& parameter) {
  return parameter.param.attention.name + (parameter.param.variant == Variant::kSm80 ? "_sm80" : "");
};

/// Plans and runs once on poisoned outputs.
void run_once(const DeviceRun& device, const test::Stream& stream, Variant variant) {
  device.poison();
  device.plan(stream);
  device.run(stream, variant);
  stream.wait();
}

class CudaAttention : public testing::TestWithParam<Given> {};

TEST_P(CudaAttention, EqualsTheDefinition) {
  WEAN_NEEDS_GPU();
  const AttentionCase& attention = GetParam().attention;
  AttentionData data(attention);
  const DeviceRun device(attention, data);
  const test::Stream stream;
  run_once(device, stream, GetParam().variant);
  data.o.bytes() = device.output();
  data.lse = device.log_sum_exp();
  test::compare(attention, data, test::reference_attention(attention, data), test::rounded_weights(attention));
  EXPECT_TRUE(data.o.padding_is_poison());
}

TEST_P(CudaAttention, RunsAreBitEqual) {
  WEAN_NEEDS_GPU();
  const AttentionCase& attention = GetParam().attention;
  const DeviceRun device(attention, AttentionData(attention));
  const test::Stream stream;
  run_once(device, stream, GetParam().variant);
  const auto first = device.output();
  const auto first_lse = device.log_sum_exp();
  for (int i = 0; i < 3; ++i) {
    device.poison();
    device.run(stream, GetParam().variant);
    stream.wait();
    EXPECT_EQ(device.output(), first);
    const auto lse = device.log_sum_exp();
    EXPECT_EQ(std::memcmp(lse.data(), first_lse.data(), lse.size() * sizeof(float)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaAttention, testing::ValuesIn(cases(false)), name_of);

class CudaAttentionLarge : public testing::TestWithParam<Given> {};

/// Both ends of the tokens and rows between.
std::vector<std::int64_t> sampled_rows(std::int64_t tokens) {
  std::vector<std::int64_t> rows = {0, 1, 127, 128, tokens / 2, tokens - 129, tokens - 128, tokens - 2, tokens - 1};
  std::mt19937_64 random(7);
  while (rows.size() < 32) rows.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(tokens)));
  return rows;
}

TEST_P(CudaAttentionLarge, SampledRowsEqualTheDefinition) {
  WEAN_NEEDS_GPU();
  const AttentionCase& attention = GetParam().attention;
  const DeviceRun device(attention);
  const test::Stream stream;
  run_once(device, stream, GetParam().variant);
  const auto rows = sampled_rows(attention.geometry.q_tokens);
  const test::ReferenceOutput expected = device.reference(rows);
  const auto o = device.output();
  const auto lse = device.log_sum_exp();
  const test::Tolerance allowed = test::rounded_weights(attention);
  test::Comparison values(allowed.absolute, allowed.relative), sums(allowed.log_sum_exp, allowed.log_sum_exp);
  std::int64_t index = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::int64_t h = 0; h < attention.heads; ++h) {
      const auto at = static_cast<std::size_t>(h * attention.geometry.q_tokens + rows[r]);
      sums.add(static_cast<double>(lse[at]),
               expected.lse[r * static_cast<std::size_t>(attention.heads) + static_cast<std::size_t>(h)], rows[r]);
      for (std::int64_t d = 0; d < attention.head_dim; ++d, ++index) {
        const std::int64_t element = rows[r] * device.params.o_stride_token + h * device.params.o_stride_head + d;
        values.add(test::value_of(attention.type, o, element), expected.o[static_cast<std::size_t>(index)], element);
      }
    }
  }
  EXPECT_LE(values.relative_l2(), allowed.l2);
  run_once(device, stream, GetParam().variant);
  EXPECT_EQ(device.output(), o);
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaAttentionLarge, testing::ValuesIn(cases(true)), name_of);

AttentionCase usual_case() {
  return {"usual",
          test::MaskFamily::kUniform,
          0.4,
          1,
          3,
          128,
          {900, 900, 128, 128},
          test::ValueType::kBfloat16,
          false,
          0,
          1e-5,
          8};
}

class CudaAttentionUse : public testing::TestWithParam<Variant> {};
INSTANTIATE_TEST_SUITE_P(Variants, CudaAttentionUse, testing::Values(Variant::kChosen, Variant::kSm80));

TEST_P(CudaAttentionUse, CanBeCapturedInAGraph) {
  WEAN_NEEDS_GPU();
  const DeviceRun device(usual_case(), AttentionData(usual_case()));
  const test::Stream stream;
  run_once(device, stream, GetParam());
  const auto expected = device.output();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  test::check_cuda(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal));
  device.plan(stream);
  for (int i = 0; i < 3; ++i) device.run(stream, GetParam());
  test::check_cuda(cudaStreamEndCapture(stream.get(), &graph));
  test::check_cuda(cudaGraphInstantiate(&executable, graph, 0));
  for (int i = 0; i < 3; ++i) {
    device.poison();
    test::check_cuda(cudaGraphLaunch(executable, stream.get()));
    stream.wait();
    EXPECT_EQ(device.output(), expected);
  }
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
}

/// Holds a stream until it is opened, twenty seconds at most.
struct Gate {
  std::atomic<bool> open = false, passed = false;
  static void hold(void* gate) {
    Gate& self = *static_cast<Gate*>(gate);
    for (int i = 0; i < 20000 && !self.open; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    self.passed = true;
  }
};

TEST_P(CudaAttentionUse, FollowsItsStream) {
  WEAN_NEEDS_GPU();
  // q becomes what it should be late, on the same stream: a run on any other one would read zeros.
  AttentionData data(usual_case());
  const DeviceRun device(usual_case(), data);
  const test::Stream stream;
  run_once(device, stream, GetParam());
  const auto expected = device.output();
  const auto bytes = data.q.bytes().size();
  void* const q = const_cast<void*>(device.params.q);
  const test::DeviceBuffer copy(data.q.bytes());
  test::check_cuda(cudaMemset(q, 0, bytes));
  device.poison();
  Gate gate;
  test::check_cuda(cudaLaunchHostFunc(stream.get(), Gate::hold, &gate));
  test::check_cuda(cudaMemcpyAsync(q, copy.data(), bytes, cudaMemcpyDeviceToDevice, stream.get()));
  device.plan(stream);
  device.run(stream, GetParam());
  EXPECT_FALSE(gate.passed) << "the call waited for the device";
  gate.open = true;
  stream.wait();
  EXPECT_EQ(device.output(), expected);
}

TEST_P(CudaAttentionUse, AllocatesNothing) {
  WEAN_NEEDS_GPU();
  const DeviceRun device(usual_case(), AttentionData(usual_case()));
  const test::Stream stream;
  run_once(device, stream, GetParam());
  // Other programs change what is free on the device, too: a kernel that allocates does so every time.
  std::size_t before = 0, after = 1, total = 0;
  for (int attempt = 0; attempt < 3 && after != before; ++attempt) {
    test::check_cuda(cudaMemGetInfo(&before, &total));
    for (int i = 0; i < 20; ++i) device.run(stream, GetParam());
    stream.wait();
    test::check_cuda(cudaMemGetInfo(&after, &total));
  }
  EXPECT_EQ(after, before);
}

TEST_P(CudaAttentionUse, RunsBesideAnother) {
  WEAN_NEEDS_GPU();
  const DeviceRun one(usual_case(), AttentionData(usual_case())), other(usual_case(), AttentionData(usual_case()));
  const test::Stream stream, beside;
  run_once(one, stream, GetParam());
  const auto expected = one.output();
  one.poison();
  other.poison();
  other.plan(beside);
  for (int i = 0; i < 50; ++i) {
    one.run(stream, GetParam());
    other.run(beside, GetParam());
  }
  stream.wait();
  beside.wait();
  EXPECT_EQ(one.output(), expected);
  EXPECT_EQ(other.output(), expected);
}

TEST_P(CudaAttentionUse, NanStaysWhereItBelongs) {
  WEAN_NEEDS_GPU();
  for (const std::int64_t head_dim : {128, 64}) {
    for (const std::int64_t key : {300, 301}) {
      AttentionCase attention = usual_case();
      attention.head_dim = head_dim;
      AttentionData data(attention);
      data.q.set(0, 37, 0, 5, std::nanf(""));
      data.k.set(0, key, 1, 0, std::nanf(""));
      data.v.set(0, 801, 2, 9, std::nanf(""));
      const DeviceRun device(attention, data);
      const test::Stream stream;
      run_once(device, stream, GetParam());
      data.o.bytes() = device.output();
      data.lse = device.log_sum_exp();
      test::compare(attention, data, test::reference_attention(attention, data), test::rounded_weights(attention));
    }
  }
}

TEST_P(CudaAttentionUse, HeadsShareKeysByStrideZero) {
  WEAN_NEEDS_GPU();
  const AttentionCase attention = usual_case();
  AttentionData data(attention);
  for (std::int64_t head = 1; head < attention.heads; ++head) {
    for (std::int64_t token = 0; token < attention.geometry.k_tokens; ++token) {
      for (std::int64_t d = 0; d < attention.head_dim; ++d)
        data.k.set(0, token, head, d, static_cast<float>(data.k.at(0, token, 0, d)));
    }
  }
  DeviceRun device(attention, data);
  const test::Stream stream;
  run_once(device, stream, GetParam());
  const auto expected = device.output();
  device.params.k_stride_head = 0;
  run_once(device, stream, GetParam());
  EXPECT_EQ(device.output(), expected);
  device.params.o_stride_head = 0;
  EXPECT_THROW(device.run(stream, Variant::kChosen), Error);
}

TEST_P(CudaAttentionUse, AnErrorOfTheCallerIsNotItsOwn) {
  WEAN_NEEDS_GPU();
  const DeviceRun device(usual_case(), AttentionData(usual_case()));
  const test::Stream stream;
  run_once(device, stream, GetParam());
  const auto expected = device.output();
  ASSERT_NE(cudaSetDevice(1 << 20), cudaSuccess);  // leaves its error as the last one
  EXPECT_NO_THROW(run_once(device, stream, GetParam()));
  (void)cudaGetLastError();
  EXPECT_EQ(device.output(), expected);
}

TEST_P(CudaAttentionUse, LogSumExpIsOptional) {
  WEAN_NEEDS_GPU();
  DeviceRun device(usual_case(), AttentionData(usual_case()));
  const test::Stream stream;
  run_once(device, stream, GetParam());
  const auto expected = device.output();
  device.params.log_sum_exp = nullptr;
  run_once(device, stream, GetParam());
  EXPECT_EQ(device.output(), expected);
  for (const float value : device.log_sum_exp()) ASSERT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace wean
