// Taking tensors by name and shape: every error names file, tensor and what was expected.
#include "models/files/weights.h"

#include <ATen/ATen.h>

#include <limits>

#include "models/files/checkpoint.h"
#include "models/files/safetensors_writer.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

using ::wean::testing::TempDir;

/// A file with "a" F32 [2, 3] = 0..5, "b" BF16 [2] = {1, -2}, "c" I64 [1], "n" F32 [4] with NaN at 2.
struct File {
  TempDir dir;
  File() {
    const std::vector<float> a{0, 1, 2, 3, 4, 5}, n{0, 0, std::numeric_limits<float>::quiet_NaN(), 0};
    const std::vector<std::uint16_t> b{0x3F80, 0xC000};
    const std::vector<std::int64_t> c{7};
    write_safetensors(dir / "w.safetensors",
                      {{"a", DType::kF32, {2, 3}, std::as_bytes(std::span(a))},
                       {"b", DType::kBF16, {2}, std::as_bytes(std::span(b))},
                       {"c", DType::kI64, {1}, std::as_bytes(std::span(c))},
                       {"n", DType::kF32, {4}, std::as_bytes(std::span(n))}},
                      {}, Overwrite::kRefuse);
  }
  [[nodiscard]] Weights open(c10::ScalarType type = at::kFloat) const {
    return {open_tensor_file(dir / "w.safetensors"), c10::kCPU, type};
  }
};

TEST(Weights, ConvertsToTheWantedType) {
  const File file;
  Weights weights = file.open();
  EXPECT_TRUE(at::equal(weights.take("a", {2, 3}), at::arange(6, at::kFloat).view({2, 3})));
  EXPECT_TRUE(at::equal(weights.take("b", {2}), at::tensor({1.0F, -2.0F})));
  EXPECT_EQ(weights.take("b", {2}, at::kBFloat16).scalar_type(), at::kBFloat16);
  EXPECT_EQ(file.open(at::kBFloat16).take("a", {2, 3}).scalar_type(), at::kBFloat16);
}

TEST(Weights, ATensorOutlivesTheFile) {
  at::Tensor a;
  {
    const File file;
    a = file.open().take("a", {2, 3});
  }
  EXPECT_EQ(a.sum().item<float>(), 15);
}

TEST(Weights, ATensorDoesNotChangeWithTheFile) {
  const File file;
  Weights weights = file.open();
  const at::Tensor a = weights.take("a", {2, 3});
  std::filesystem::resize_file(file.dir / "w.safetensors", 100);
  EXPECT_EQ(a.sum().item<float>(), 15);
  EXPECT_ERROR(weights.take("b", {2}), ErrorCode::kIo, "w.safetensors: was changed while it was being read");
}

TEST(Weights, TensorsStartAtWholeCacheLines) {
  const File file;
  for (const char* name : {"a", "b"}) {
    Weights weights = file.open(std::string(name) == "a" ? at::kFloat : at::kBFloat16);
    const at::Tensor t = std::string(name) == "a" ? weights.take("a", {2, 3}) : weights.take("b", {2});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.const_data_ptr()) % 64, 0U) << name;
  }
}

TEST(Weights, ErrorsNameFileTensorAndShapes) {
  const File file;
  Weights weights = file.open();
  EXPECT_ERROR(weights.take("a", {3, 2}), ErrorCode::kMalformed,
               "w.safetensors: tensor 'a': shape [2, 3]; expected [3, 2]");
  EXPECT_ERROR(weights.take("z", {3}), ErrorCode::kMalformed, "w.safetensors: tensor 'z' of shape [3] is missing");
  EXPECT_ERROR(weights.take("c", {1}), ErrorCode::kMalformed, "tensor 'c': type I64; weights must be F32, BF16 or F16");
  EXPECT_ERROR(weights.take("n", {4}), ErrorCode::kNotFinite, "tensor 'n': NaN or Inf at element 2");
}

TEST(Weights, LeftoversAreNamed) {
  const File file;
  Weights weights = file.open();
  (void)weights.take("a", {2, 3});
  EXPECT_EQ(weights.leftovers(), (std::vector<std::string>{"b", "c", "n"}));
  EXPECT_ERROR(weights.require_all_taken(), ErrorCode::kMalformed,
               "3 tensors that this model does not use: 'b', 'c', 'n'");
}

}  // namespace
}  // namespace wean::models
