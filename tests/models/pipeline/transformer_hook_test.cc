// What the self-attention hook sees, on a transformer of random weights made in memory.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

#include "models/pipeline/sampling.h"
#include "models/wan/transformer.h"
#include "tests/models/files/files_support.h"
#include "tests/support/expect_error.h"

namespace wean::models {
namespace {

TransformerConfig small_config() {
  TransformerConfig config;
  config.heads = 2;
  config.head_dim = 64;
  config.layers = 3;
  config.ffn_dim = 40;
  config.text_dim = 24;
  config.freq_dim = 32;
  return config;
}

/// Builds a TensorSet of random tensors.
class Maker {
 public:
  void add(const std::string& name, const std::vector<std::int64_t>& shape) {
    const at::Tensor tensor = at::randn(shape) * 0.2;
    views_.push_back(test::in_memory(name, DType::kF32, shape,
                                     {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}));
  }
  void add_linear(const std::string& name, std::int64_t in, std::int64_t out) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  std::shared_ptr<const TensorSet> set() { return std::make_shared<const TensorSet>("memory", views_); }

 private:
  std::vector<TensorView> views_;
};

void add_block(Maker& maker, const std::string& prefix, const TransformerConfig& config) {
  const std::int64_t dim = model_dim(config);
  for (const char* attention : {"attn1.", "attn2."}) {
    for (const char* part : {"to_q", "to_k", "to_v", "to_out.0"}) maker.add_linear(prefix + attention + part, dim, dim);
    for (const char* part : {"norm_q.weight", "norm_k.weight"}) maker.add(prefix + attention + part, {dim});
  }
  for (const char* part : {"norm2.weight", "norm2.bias"}) maker.add(prefix + part, {dim});
  maker.add_linear(prefix + "ffn.net.0.proj", dim, config.ffn_dim);
  maker.add_linear(prefix + "ffn.net.2", config.ffn_dim, dim);
  maker.add(prefix + "scale_shift_table", {1, 6, dim});
}

std::shared_ptr<const TensorSet> random_weights(const TransformerConfig& config) {
  const std::int64_t dim = model_dim(config);
  Maker maker;
  maker.add("patch_embedding.weight", {dim, 16, 1, 2, 2});
  maker.add("patch_embedding.bias", {dim});
  maker.add_linear("condition_embedder.text_embedder.linear_1", config.text_dim, dim);
  maker.add_linear("condition_embedder.text_embedder.linear_2", dim, dim);
  maker.add_linear("condition_embedder.time_embedder.linear_1", config.freq_dim, dim);
  maker.add_linear("condition_embedder.time_embedder.linear_2", dim, dim);
  maker.add_linear("condition_embedder.time_proj", dim, 6 * dim);
  for (std::int64_t i = 0; i < config.layers; ++i) add_block(maker, "blocks." + std::to_string(i) + ".", config);
  maker.add_linear("proj_out", dim, 64);
  maker.add("scale_shift_table", {1, 2, dim});
  return maker.set();
}

struct Seen {
  AttentionCall call;
  at::Tensor gate, output_weight;
  std::vector<std::int64_t> shape;
};

/// Dense attention that notes its calls; from call `spoil_at` on its output is NaN.
class Recorder final : public SelfAttention {
 public:
  std::vector<Seen> seen;
  std::size_t spoil_at = std::numeric_limits<std::size_t>::max();

  at::Tensor attend(const AttentionCall& call, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) override {
    EXPECT_EQ(k.sizes(), q.sizes());
    EXPECT_EQ(v.sizes(), q.sizes());
    seen.push_back({call, *call.gate, *call.output_weight, q.sizes().vec()});
    const at::Tensor out = dense_.attend(call, q, k, v);
    return seen.size() > spoil_at ? out * std::numeric_limits<float>::quiet_NaN() : out;
  }

 private:
  DenseAttention dense_;
};

class Hook : public ::testing::Test {
 protected:
  c10::InferenceMode inference_;
  TransformerConfig config_ = small_config();
  std::shared_ptr<const TensorSet> set_ = random_weights(config_);
  Recorder recorder_;

  at::Tensor run(double guidance, const StepCallback& on_pass = {}) {
    const WanTransformer model(config_, Weights(set_, c10::kCPU, at::kFloat));
    SampleRequest request;
    request.guidance = guidance;
    request.conditional = at::randn({7, config_.text_dim});
    request.unconditional = at::zeros({7, config_.text_dim});
    request.initial_latents = at::randn({16, 2, 6, 4});
    const Schedule schedule = make_schedule(Sampler::kUniPc, 2, 3);
    return run_sampling(model, schedule, *make_stepper(Sampler::kUniPc, schedule, 2), request, {recorder_, on_pass});
  }
};

TEST_F(Hook, SeesEveryCallInOrder) {
  const at::Tensor latents = run(4);
  EXPECT_EQ(latents.sizes(), (std::vector<std::int64_t>{16, 2, 6, 4}));
  ASSERT_EQ(recorder_.seen.size(), 2U * 2 * 3);  // steps, branches, layers
  const Schedule schedule = make_schedule(Sampler::kUniPc, 2, 3);
  for (std::size_t i = 0; i < recorder_.seen.size(); ++i) {
    const AttentionCall& call = recorder_.seen[i].call;
    EXPECT_EQ(call.expert, 0U);
    EXPECT_EQ(call.layer, i % 3);
    EXPECT_EQ(call.branch, i / 3 % 2 == 0 ? Branch::kConditional : Branch::kUnconditional);
    EXPECT_EQ(call.step, i / 6);
    EXPECT_EQ(call.sigma, schedule.sigma(i / 6));
    EXPECT_EQ(call.grid, (Grid{2, 3, 2}));
    EXPECT_EQ(recorder_.seen[i].shape, (std::vector<std::int64_t>{12, 2, 64}));
  }
}

TEST_F(Hook, GetsOutputWeightAndGateOfTheLayer) {
  run(1);
  ASSERT_EQ(recorder_.seen.size(), 2U * 3);
  Weights weights(set_, c10::kCPU, at::kFloat);
  const TimeEmbedder embedder = take_time_embedder(weights, config_);
  const Schedule schedule = make_schedule(Sampler::kUniPc, 2, 3);
  for (std::size_t i = 0; i < recorder_.seen.size(); ++i) {
    const std::string prefix = "blocks." + std::to_string(i % 3) + ".";
    const at::Tensor table = weights.take(prefix + "scale_shift_table", {1, 6, 128});
    const at::Tensor time = embed_time(embedder, config_, schedule.timesteps[i / 3]).modulation;
    EXPECT_TRUE(at::equal(recorder_.seen[i].gate, table[0][2] + time[2])) << i;
    EXPECT_TRUE(at::equal(recorder_.seen[i].output_weight, weights.take(prefix + "attn1.to_out.0.weight", {128, 128})));
  }
}

TEST_F(Hook, NotFiniteOutputNamesStepAndBranch) {
  recorder_.spoil_at = 9;
  EXPECT_ERROR(run(4), ErrorCode::kNotFinite, "step 2 of 2, unconditional pass");
}

TEST_F(Hook, CallbackMayStopTheRun) {
  const auto stop = [](std::uint32_t step, Branch branch) {
    if (step == 1 && branch == Branch::kConditional) fail(ErrorCode::kStopped, "stopped here");
  };
  EXPECT_ERROR(run(4, stop), ErrorCode::kStopped, "stopped here");
  EXPECT_EQ(recorder_.seen.size(), 9U);
}

TEST_F(Hook, GuidanceBelowOneIsRefused) { EXPECT_ERROR(run(0.5), ErrorCode::kUsage, "guidance 0.5"); }

TEST_F(Hook, WrongShapesAreRefused) {
  const WanTransformer model(config_, Weights(set_, c10::kCPU, at::kFloat));
  EXPECT_ERROR(model.grid_of({16, 2, 5, 4}), ErrorCode::kUsage, "even h and w");
  EXPECT_ERROR(model.grid_of({8, 2, 6, 4}), ErrorCode::kUsage, "expected [16");
  EXPECT_ERROR(model.grid_of({16, 2000, 6, 4}), ErrorCode::kUsage, "each axis must be from 1 to 1024");
  EXPECT_ERROR(model.prepare_text(at::zeros({3, 5})), ErrorCode::kUsage, "expected [tokens, 24]");
}

}  // namespace
}  // namespace wean::models
