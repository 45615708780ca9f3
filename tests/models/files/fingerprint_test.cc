// Fingerprints depend on content alone. The exact values are checked against an independent oracle in layouts_test.py.
#include "models/files/fingerprint.h"

#include <omp.h>

#include <vector>

#include "models/files/shards.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

/// Bytes that differ everywhere; owned by the test.
std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
  std::vector<std::byte> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 31 + i / 251 + seed) & 0xFFU);
  return out;
}

TensorView view(const std::string& name, const std::vector<std::byte>& bytes) {
  return test::in_memory(name, DType::kBF16, {static_cast<std::int64_t>(bytes.size() / 2)}, bytes);
}

Digest weights(std::vector<TensorView> tensors) { return weights_fingerprint(TensorSet("w", std::move(tensors))); }
Digest quick(std::vector<TensorView> tensors) { return quick_fingerprint(TensorSet("w", std::move(tensors))); }

TEST(Fingerprint, WorkedExampleOfThePage) {
  const std::vector<std::byte> bytes{std::byte{0x00}, std::byte{0x3F}, std::byte{0x80}, std::byte{0x3F}};
  EXPECT_EQ(to_hex(weights({view("a", bytes)})), "ef1ffae9aed2727b6b7cb216f34154670c01899e97482f97ab07424f42945481");
  EXPECT_EQ(to_hex(quick({view("a", bytes)})), "7c39541e43bc7729f5abe5a079e2762f0be6e8d00d9d6d112925541bf04fe5d5");
}

TEST(Fingerprint, OrderAndFileNamesDoNotMatter) {
  const auto a = pattern(100, 1), b = pattern(200, 2), c = pattern(300, 3);
  EXPECT_EQ(weights({view("a", a), view("b", b), view("c", c)}), weights({view("c", c), view("a", a), view("b", b)}));
  TensorView other = view("a", a);
  other.file_name = "x";
  other.file = "y";
  EXPECT_EQ(weights({other}), weights({view("a", a)}));
}

TEST(Fingerprint, NameTypeShapeAndBytesMatter) {
  const auto a = pattern(100, 1), b = pattern(100, 2);
  const Digest base = weights({view("a", a)});
  TensorView type = view("a", a), shape = view("a", a);
  type.dtype = DType::kF16;
  shape.shape = {1, 50};
  EXPECT_NE(weights({view("b", a)}), base);
  EXPECT_NE(weights({type}), base);
  EXPECT_NE(weights({shape}), base);
  EXPECT_NE(weights({view("a", b)}), base);
  EXPECT_NE(weights({view("a", a), view("b", b)}), base);
  EXPECT_NE(weights({}), base);
}

TEST(Fingerprint, QuickSamplesFirstLastAndEightBlocks) {
  auto bytes = pattern(100 * 4096, 1);
  const Digest base = quick({view("a", bytes)});
  std::vector<std::size_t> seen;
  for (std::size_t block = 0; block < 100; ++block) {
    bytes[block * 4096 + 7] ^= std::byte{1};
    if (quick({view("a", bytes)}) != base) seen.push_back(block);
    bytes[block * 4096 + 7] ^= std::byte{1};
  }
  EXPECT_EQ(seen, (std::vector<std::size_t>{0, 11, 22, 33, 44, 55, 66, 77, 88, 99}));
}

TEST(Fingerprint, QuickReadsSmallTensorsWhole) {
  auto bytes = pattern(10 * 4096, 1);
  const Digest base = quick({view("a", bytes)});
  for (std::size_t at = 0; at < bytes.size(); at += 997) {
    bytes[at] ^= std::byte{1};
    EXPECT_NE(quick({view("a", bytes)}), base);
    bytes[at] ^= std::byte{1};
  }
  EXPECT_NE(base, weights({view("a", bytes)}));
}

TEST(Fingerprint, ThreadsDoNotMatter) {
  std::vector<TensorView> tensors;
  for (unsigned i = 0; i < 40; ++i) tensors.push_back(view("t" + std::to_string(i), pattern(1000 * (i * i + 1), i)));
  tensors.push_back(view("more than one piece", pattern((std::size_t{4} << 20) + 4098, 9)));
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Digest whole = weights(tensors), sample = quick(tensors);
  for (const int count : {2, 3, 8}) {
    omp_set_num_threads(count);
    EXPECT_EQ(weights(tensors), whole);
    EXPECT_EQ(quick(tensors), sample);
  }
  omp_set_num_threads(threads);
}

TEST(Fingerprint, AFileCutOffMeanwhileIsAnError) {
  const ::wean::testing::TempDir dir;
  test::put(dir / "w.safetensors", test::tensors_named({"a", "b"}));
  const RawTensors raw = open_single(dir / "w.safetensors");
  const TensorSet set("w", raw.tensors);
  std::filesystem::resize_file(dir / "w.safetensors", 9);
  EXPECT_ERROR(weights_fingerprint(set), ErrorCode::kIo, "w.safetensors: was changed while it was being read");
}

TEST(Fingerprint, ConfigFieldsMatter) {
  const TransformerConfig base;
  TransformerConfig other = base;
  other.ffn_dim += 1;
  EXPECT_NE(config_fingerprint("f", base), config_fingerprint("f", other));
  EXPECT_NE(config_fingerprint("f", base), config_fingerprint("g", base));
  other = base;
  other.rope_max_seq_len = 2048;  // only bounds the size
  EXPECT_EQ(config_fingerprint("f", base), config_fingerprint("f", other));
}

}  // namespace
}  // namespace wean::models
