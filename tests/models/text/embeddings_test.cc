// Precomputed prompt embeddings: found by the digest of the prompt, padded, refused when they do not fit.
#include "models/text/embeddings.h"

#include <ATen/ATen.h>

#include <limits>

#include "models/files/safetensors_writer.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

using ::wean::testing::TempDir;

// SHA-256 of "abc" (FIPS 180-4) and of the empty text.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A file with one F32 tensor of ones.
std::filesystem::path file_with(const TempDir& dir, const std::string& name, const std::vector<std::int64_t>& shape,
                                float value = 1) {
  const std::vector<float> data(static_cast<std::size_t>(shape[0] * shape[1]), value);
  write_safetensors(dir / "e.safetensors", {{name, DType::kF32, shape, std::as_bytes(std::span(data))}}, {},
                    Overwrite::kReplace);
  return dir / "e.safetensors";
}

TEST(PromptEmbeddings, FindsByDigestAndPads) {
  const TempDir dir;
  const PromptEmbeddings abc(file_with(dir, kAbc, {2, 3}), 4, 3);
  const at::Tensor found = abc.find("abc", c10::kCPU, at::kFloat);
  EXPECT_EQ(found.sizes(), (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(found.slice(0, 0, 2).sum().item<float>(), 6);
  EXPECT_EQ(found.slice(0, 2).abs().sum().item<float>(), 0);
  EXPECT_EQ(abc.find("abc", c10::kCPU, at::kBFloat16).scalar_type(), at::kBFloat16);
  EXPECT_ERROR(abc.find("abd", c10::kCPU, at::kFloat), ErrorCode::kUsage,
               "no embedding of the prompt 'abd', whose SHA-256 is a52d");
  const PromptEmbeddings empty(file_with(dir, kEmpty, {1, 3}), 4, 3);
  EXPECT_EQ(empty.find("", c10::kCPU, at::kFloat).sum().item<float>(), 3);
}

TEST(PromptEmbeddings, RefusesWhatDoesNotFit) {
  const TempDir dir;
  EXPECT_ERROR(PromptEmbeddings(file_with(dir, "0", {2, 3}), 4, 3), ErrorCode::kMalformed, "names must be the SHA-256");
  EXPECT_ERROR(PromptEmbeddings(file_with(dir, kAbc, {5, 3}), 4, 3), ErrorCode::kMalformed,
               "shape [5, 3]; at most 4 rows of 3");
  EXPECT_ERROR(PromptEmbeddings(file_with(dir, kAbc, {2, 4}), 4, 3), ErrorCode::kMalformed, "shape [2, 4]");
  EXPECT_ERROR(PromptEmbeddings(dir / "none.safetensors", 4, 3), ErrorCode::kIo, "none.safetensors");
  const PromptEmbeddings bad(file_with(dir, kAbc, {2, 3}, std::numeric_limits<float>::infinity()), 4, 3);
  EXPECT_ERROR(bad.find("abc", c10::kCPU, at::kFloat), ErrorCode::kNotFinite, "NaN or Inf at element 0");
}

}  // namespace
}  // namespace wean::models
