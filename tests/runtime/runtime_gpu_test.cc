// libwean's attention on a GPU against its own on the CPU, which is tested against the definition. Skipped without a
// GPU.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "common/base/file.h"
#include "schemas/masks/head.h"
#include "tests/kernels/comparison.h"
#include "tests/kernels/cuda_run.h"
#include "tests/runtime/device_content.h"
#include "tests/support/temp_dir.h"
#include "wean/wean.hpp"

namespace wean {
namespace {

using test::AttentionCase;
using test::AttentionData;
using test::DeviceBuffer;

AttentionCase case_of(const test::Content& content) {
  return {
      "file", test::MaskFamily::kDense, 1, 2, 3, 64, content.meta.geometry, test::ValueType::kBfloat16, false, 0, 1e-5,
      8};
}

wean_attention_params params_of(const AttentionCase& attention, const AttentionData& data) {
  wean_attention_params p;
  wean_attention_params_init(&p);
  p.dtype = WEAN_BFLOAT16;
  p.tokens = static_cast<std::uint64_t>(attention.geometry.q_tokens);
  p.heads = static_cast<std::uint32_t>(attention.heads);
  p.head_dim = static_cast<std::uint32_t>(attention.head_dim);
  p.batch = attention.batch;
  p.q_stride_batch = data.q.stride_batch, p.q_stride_token = data.q.stride_token;
  p.k_stride_batch = data.k.stride_batch, p.k_stride_token = data.k.stride_token;
  p.v_stride_batch = data.v.stride_batch, p.v_stride_token = data.v.stride_token;
  p.o_stride_batch = data.o.stride_batch, p.o_stride_token = data.o.stride_token;
  p.q_stride_head = data.q.stride_head, p.k_stride_head = data.k.stride_head;
  p.v_stride_head = data.v.stride_head, p.o_stride_head = data.o.stride_head;
  return p;
}

/// A mask file, its tensors on host and GPU, its masks on the GPU.
struct OnDevice {
  explicit OnDevice(std::int64_t k_block = 128)
      : content(test::device_content(128, k_block)),
        attention(case_of(content)),
        data(attention),
        masks((publish_bytes(folder.path() / "m.wean", test::encode(content), Overwrite::kRefuse),
               (folder.path() / "m.wean").string())),
        device(masks),
        q(data.q.bytes()),
        k(data.k.bytes()),
        v(data.v.bytes()),
        o(data.o.bytes().size()),
        lse(data.lse.size() * sizeof(float)),
        params(params_of(attention, data)),
        workspace(0) {
    params.q = q.data(), params.k = k.data(), params.v = v.data(), params.o = o.data();
    params.log_sum_exp = static_cast<float*>(lse.data());
    workspace = DeviceBuffer(device.workspace_bytes(params));
    poison();
  }
  void poison() const {
    o.fill(0xFF);
    lse.fill(0xFF);
  }
  void take_output() {
    data.o.bytes() = o.content();
    const auto bytes = lse.content();
    std::memcpy(data.lse.data(), bytes.data(), bytes.size());
  }
  void expect_site(const wean_site& site) {
    take_output();
    const auto& heads = content.sections[masks::section_index(
        content.meta, {site.phase, static_cast<Branch>(site.branch), site.expert, site.layer})];
    for (std::size_t h = 0; h < heads.size(); ++h) data.bits[h] = heads[h].bits;
    test::compare(attention, data, test::reference_attention(attention, data), test::rounded_weights(attention));
  }
  test::Content content;
  AttentionCase attention;
  AttentionData data;
  testing::TempDir folder;
  Masks masks;
  DeviceMasks device;
  DeviceBuffer q, k, v, o, lse;
  wean_attention_params params;
  DeviceBuffer workspace;
  test::Stream stream;
};

/// A site's numbers on the GPU.
struct Indices {
  DeviceBuffer phase{8}, branch{8}, layer{8};
  wean_device_site site;
  Indices() {
    wean_device_site_init(&site);
    site.phase = static_cast<const std::int64_t*>(phase.data());
    site.branch = static_cast<const std::int64_t*>(branch.data());
    site.layer = static_cast<const std::int64_t*>(layer.data());
  }
  void set(const test::Stream& stream, std::int64_t to_phase, std::int64_t to_branch, std::int64_t to_layer) const {
    const std::pair<const DeviceBuffer*, std::int64_t> values[] = {
        {&phase, to_phase}, {&branch, to_branch}, {&layer, to_layer}};
    for (const auto& [buffer, value] : values) {
      test::check_cuda(cudaMemcpyAsync(buffer->data(), &value, 8, cudaMemcpyHostToDevice, stream.get()));
      stream.wait();
    }
  }
};

/// Text of the refusal; "accepted" without one.
std::string refusal_of(const auto& call) {
  try {
    call();
    return "accepted";
  } catch (const StatusError& error) {
    return error.what();
  }
}

const wean_site kSites[] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {1, 0, 0, 1}, {1, 1, 0, 0}};

TEST(RuntimeGpu, EverySiteEqualsTheDefinition) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  for (const std::int64_t k_block : {128, 64}) {
    OnDevice setup(k_block);
    for (const wean_site& site : kSites) {
      setup.poison();
      setup.device.attention(site, setup.params, setup.workspace.data(), setup.workspace.bytes(), setup.stream.get());
      setup.stream.wait();
      setup.expect_site(site);
    }
  }
}

TEST(RuntimeGpu, SitesOnTheGpuServeOneGraph) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  OnDevice setup;
  const Indices indices;
  setup.workspace.fill(0xA5);  // may hold anything
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  test::check_cuda(cudaStreamBeginCapture(setup.stream.get(), cudaStreamCaptureModeGlobal));
  setup.device.attention(indices.site, setup.params, setup.workspace.data(), setup.workspace.bytes(),
                         setup.stream.get());
  test::check_cuda(cudaStreamEndCapture(setup.stream.get(), &graph));
  test::check_cuda(cudaGraphInstantiate(&executable, graph, 0));
  for (const wean_site& site : kSites) {
    indices.set(setup.stream, site.phase, site.branch, site.layer);
    setup.poison();
    test::check_cuda(cudaGraphLaunch(executable, setup.stream.get()));
    setup.stream.wait();
    setup.expect_site(site);
  }
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
}

TEST(RuntimeGpu, NumbersThatAreNotThereGiveZerosAndAnError) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  OnDevice setup;
  const Indices indices;
  indices.set(setup.stream, 7, 0, 1);
  const auto call = [&] {
    setup.device.attention(indices.site, setup.params, setup.workspace.data(), setup.workspace.bytes(),
                           setup.stream.get());
  };
  call();
  setup.stream.wait();
  setup.take_output();
  EXPECT_EQ(setup.data.o.at(1, 299, 2, 63), 0);
  EXPECT_EQ(setup.data.lse[17], -std::numeric_limits<float>::infinity());
  try {
    call();
    FAIL();
  } catch (const StatusError& error) {
    EXPECT_EQ(error.status(), WEAN_ERROR_USAGE);
    EXPECT_NE(std::string(error.what()).find("phase 7, branch 0, layer 1"), std::string::npos) << error.what();
  }
  indices.set(setup.stream, 1, 0, 1);  // said once; then the masks serve again
  call();
  setup.stream.wait();
  setup.expect_site({1, 0, 0, 1});
}

TEST(RuntimeGpu, OnePhaseHoldsNoOther) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  OnDevice setup;
  DeviceMasks second(setup.masks, {1, 1, -1});
  const auto run = [&](const wean_site& site) {
    second.attention(site, setup.params, setup.workspace.data(), setup.workspace.bytes(), setup.stream.get());
  };
  run({1, 0, 0, 1});
  second.release(setup.stream.get());
  setup.stream.wait();
  setup.expect_site({1, 0, 0, 1});
  second = DeviceMasks(setup.masks, {1, 1, -1});
  EXPECT_NE(refusal_of([&] { run({0, 0, 0, 0}); }).find("site.phase 0; on the GPU are 1 to 1"), std::string::npos);
  run({1, 0, 0, 1});
  setup.stream.wait();
}

TEST(RuntimeGpu, ADeviceThatIsNotThereIsNamed) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  OnDevice setup;
  const std::string refusal = refusal_of([&] { DeviceMasks(setup.masks, {0, 0, 4096}); });
  EXPECT_NE(refusal.find("GPU number 4096; allowed are 0 to "), std::string::npos) << refusal;
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST(RuntimeGpu, BadParametersAreNamed) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  OnDevice setup;
  const auto refusal = [&](auto change) {
    wean_attention_params params = setup.params;
    change(params);
    return refusal_of([&] {
      setup.device.attention(kSites[0], params, setup.workspace.data(), setup.workspace.bytes(), setup.stream.get());
    });
  };
  EXPECT_EQ(refusal([](auto&) {}), "accepted");
  EXPECT_NE(refusal([](auto& p) { p.dtype = WEAN_FLOAT32; }).find("1 (bfloat16) and 2 (float16)"), std::string::npos);
  EXPECT_NE(refusal([](auto& p) { p.tokens = 299; }).find("tokens 299; the mask file was made for 300"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& p) { p.q_stride_head = 3; }).find("strides of q"), std::string::npos);
  EXPECT_NE(refusal([](auto& p) { p.k = nullptr; }).find("k is null"), std::string::npos);
  EXPECT_THROW(setup.device.attention(kSites[0], setup.params, setup.workspace.data(), 16, nullptr), StatusError);
}

TEST(RuntimeGpu, ThreadsShareTheMasks) {
  if (!test::has_cuda_device()) GTEST_SKIP() << "no GPU";
  const OnDevice setup;
  std::vector<std::thread> team;
  std::vector<std::vector<unsigned char>> outputs(8);
  for (auto& output : outputs) {
    team.emplace_back([&] {
      const DeviceBuffer o(setup.o.bytes()), workspace(setup.workspace.bytes());
      const test::Stream stream;
      wean_attention_params params = setup.params;
      params.o = o.data();
      params.log_sum_exp = nullptr;
      for (int i = 0; i < 20; ++i) {
        setup.device.attention(kSites[2], params, workspace.data(), workspace.bytes(), stream.get());
      }
      stream.wait();
      output = o.content();
    });
  }
  for (std::thread& thread : team) thread.join();
  for (const auto& output : outputs) EXPECT_EQ(output, outputs[0]);
}

}  // namespace
}  // namespace wean
