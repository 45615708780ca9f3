// Attacks on the shard index and on links: nothing outside of the model folder is touched, every inconsistency is
// named.
#include <sys/stat.h>

#include "models/files/shards.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;
using test::put;
using test::tensors_named;
using ::wean::testing::TempDir;

constexpr const char* kOne = "w-00001-of-00002.safetensors";
constexpr const char* kTwo = "w-00002-of-00002.safetensors";

std::string index_of(const std::vector<std::pair<std::string, std::string>>& map) {
  std::string text = "{\"metadata\":{\"total_size\":8},\"weight_map\":{";
  for (std::size_t i = 0; i < map.size(); ++i) {
    text += (i > 0 ? ",\"" : "\"") + map[i].first + "\":\"" + map[i].second + "\"";
  }
  return text + "}}";
}

/// A model folder `m` with two good shards of tensors a and b, beside a file that must never be read.
struct Model {
  TempDir dir;
  fs::path folder = dir / "m";
  Model() {
    put(folder / kOne, tensors_named({"a"}));
    put(folder / kTwo, tensors_named({"b"}));
    put(dir / "secret.safetensors", tensors_named({"a"}));
    index(index_of({{"a", kOne}, {"b", kTwo}}));
  }
  void index(const std::string& text) const { put(folder / "w.safetensors.index.json", text); }
  [[nodiscard]] RawTensors open() const { return open_folder(ModelRoot(folder), "", "w"); }
};

TEST(Index, GoodShardsOpen) {
  const Model model;
  const RawTensors raw = model.open();
  ASSERT_EQ(raw.tensors.size(), 2U);
  EXPECT_EQ(raw.tensors[1].file, model.folder / kTwo);
}

struct BadValue {
  const char* value;
  const char* message;
};

TEST(Index, ValuesMustBeOneFileNameInTheFolder) {
  for (const BadValue& row :
       {BadValue{"../secret.safetensors", "one plain file name"}, BadValue{"/etc/passwd", "one plain file name"},
        BadValue{"x/../../y.safetensors", "one plain"}, BadValue{"sub/w.safetensors", "one plain file name"},
        BadValue{"..", "one plain file name"}, BadValue{".", "one plain file name"},
        BadValue{"", "one plain file name"}, BadValue{"a\\\\b.safetensors", "one plain file name"},
        BadValue{"w\\u0000.safetensors", "one plain file name"}, BadValue{"w\\n.safetensors", "one plain file name"},
        BadValue{"w\\u0085.safetensors", "one plain file name"}, BadValue{"model.bin", "is not a .safetensors file"},
        BadValue{"w-00009-of-00002.safetensors", "missing, but w.safetensors.index.json names it"}}) {
    SCOPED_TRACE(row.value);
    const Model model;
    model.index(index_of({{"a", row.value}, {"b", kTwo}}));
    fs::remove(model.folder / kOne);
    EXPECT_ERROR(model.open(), ErrorCode::kMalformed, row.message);
  }
}

TEST(Index, NameOf256BytesIsRefused) {
  const Model model;
  model.index(index_of({{"a", std::string(244, 'x') + ".safetensors"}, {"b", kTwo}}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "...'; one plain file name");
}

TEST(Index, TextMustBeAnIndex) {
  const Model model;
  for (const BadValue& row :
       {BadValue{"", "not JSON"}, BadValue{"[]", "a JSON object is expected"}, BadValue{"{}", "weight_map is missing"},
        BadValue{"{\"weight_map\":{}}", "not empty"}, BadValue{"{\"weight_map\":[]}", "must be an object"},
        BadValue{"{\"weight_map\":{\"a\":1}}", "weight_map of 'a': not a string"},
        BadValue{"{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"x.safetensors\"}}", "'a' is there twice"},
        BadValue{"{\"weight_map\":{},\"weight_map\":{}}", "'weight_map' is there twice"}}) {
    SCOPED_TRACE(row.value);
    model.index(row.value);
    EXPECT_ERROR(model.open(), ErrorCode::kMalformed, row.message);
  }
}

TEST(Index, MissingShardAndMissingTensor) {
  const Model model;
  model.index(index_of({{"a", kOne}, {"b", kTwo}, {"c", kTwo}}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, std::string(kTwo) + ": tensor 'c' is missing");
}

TEST(Index, SwappedShards) {
  const Model model;
  model.index(index_of({{"a", kTwo}, {"b", kOne}}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "tensor 'a' should be in " + std::string(kTwo));
}

TEST(Index, TensorInTwoShards) {
  const Model model;
  put(model.folder / kTwo, tensors_named({"b", "a"}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, std::string(kTwo) + ": tensor 'a' should be in " + kOne);
}

TEST(Index, TensorThatTheIndexDoesNotName) {
  const Model model;
  put(model.folder / kTwo, tensors_named({"b", "c"}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "tensor 'c' is not in w.safetensors.index.json");
}

TEST(Index, ShardThatTheIndexDoesNotName) {
  const Model model;
  put(model.folder / "w-00003-of-00003.safetensors", tensors_named({"c"}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "a shard that w.safetensors.index.json does not name");
}

TEST(Index, WholeFileBesideShards) {
  const Model model;
  put(model.folder / "w.safetensors", tensors_named({"a", "b"}));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "both w.safetensors and an index of shards");
}

TEST(Index, MoreThanTenThousandShards) {
  const Model model;
  std::vector<std::pair<std::string, std::string>> map;
  for (int i = 0; i <= 10'000; ++i) map.emplace_back(std::to_string(i), std::to_string(i) + ".safetensors");
  model.index(index_of(map));
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "10001 shards; at most 10000");
  map.pop_back();
  model.index(index_of(map));
  fs::remove(model.folder / kOne);
  fs::remove(model.folder / kTwo);
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "0.safetensors: missing");
}

TEST(Index, LargerThan64MiB) {
  const Model model;
  model.index("");
  fs::resize_file(model.folder / "w.safetensors.index.json", (std::uint64_t{64} << 20) + 1);
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "at most 67108864 are allowed");
}

TEST(Index, BrokenShardIsNamed) {
  const Model model;
  put(model.folder / kTwo, tensors_named({"b"}) + "x");
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, std::string(kTwo) + ": the tensors end at byte 4");
}

TEST(Links, OutOfTheFolderIsRefused) {
  for (const char* target : {"../secret.safetensors", "/etc/passwd", "/dev/zero"}) {
    SCOPED_TRACE(target);
    const Model model;
    fs::remove(model.folder / kOne);
    fs::create_symlink(target, model.folder / kOne);
    EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "outside of the model folder");
  }
}

TEST(Links, IndexItselfMayNotLeadOut) {
  const Model model;
  put(model.dir / "i.json", index_of({{"a", kOne}, {"b", kTwo}}));
  fs::remove(model.folder / "w.safetensors.index.json");
  fs::create_symlink("../i.json", model.folder / "w.safetensors.index.json");
  EXPECT_ERROR(model.open(), ErrorCode::kMalformed, "outside of the model folder");
}

TEST(Links, FolderMayNotLeadOut) {
  const Model model;
  put(model.dir / "other" / "w.safetensors", tensors_named({"a"}));
  fs::create_directory_symlink("../other", model.folder / "part");
  EXPECT_ERROR(open_folder(ModelRoot(model.folder), "part", "w"), ErrorCode::kMalformed, "outside of the model folder");
}

TEST(Links, InsideTheFolderIsAllowed) {
  const Model model;
  fs::rename(model.folder / kOne, model.folder / "real");
  fs::create_symlink("real", model.folder / kOne);
  EXPECT_EQ(model.open().tensors.size(), 2U);
}

TEST(Links, DanglingAndLooping) {
  const Model model;
  fs::remove(model.folder / kOne);
  fs::create_symlink("nowhere", model.folder / kOne);
  EXPECT_ERROR(model.open(), ErrorCode::kIo, "cannot open");
  fs::remove(model.folder / kOne);
  fs::create_symlink(kOne, model.folder / kOne);
  EXPECT_ERROR(model.open(), ErrorCode::kIo, "cannot open");
}

/// models--org--name/{blobs,snapshots/<revision>} as a hub cache has them.
struct HubCache {
  TempDir dir;
  fs::path repository = dir / "models--o--n";
  fs::path snapshot = repository / "snapshots" / "abc";
  HubCache() {
    put(repository / "blobs" / "deadbeef", tensors_named({"a"}));
    fs::create_directories(snapshot / "transformer");
  }
  void link(const std::string& target) const { fs::create_symlink(target, snapshot / "transformer" / "w.safetensors"); }
  [[nodiscard]] RawTensors open() const { return open_folder(ModelRoot(snapshot), "transformer", "w"); }
};

TEST(Links, HubCacheIntoItsOwnBlobsIsAllowed) {
  const HubCache cache;
  cache.link("../../../blobs/deadbeef");
  EXPECT_EQ(cache.open().tensors.size(), 1U);
}

TEST(Links, HubCacheElsewhereIsRefused) {
  const HubCache cache;
  put(cache.dir / "models--x--y" / "blobs" / "b", tensors_named({"a"}));
  cache.link("../../../../models--x--y/blobs/b");
  EXPECT_ERROR(cache.open(), ErrorCode::kMalformed, "outside of the model folder");
}

TEST(Links, HubCacheBlobsHoldNoFolders) {
  const HubCache cache;
  put(cache.repository / "blobs" / "sub" / "b", tensors_named({"a"}));
  cache.link("../../../blobs/sub/b");
  EXPECT_ERROR(cache.open(), ErrorCode::kMalformed, "outside of the model folder");
}

struct CacheCase {
  std::vector<std::string> snapshots;
  std::string main;  ///< content of refs/main; empty = not there
  std::string taken;
};

/// The outer folder of a cache, with a file in each snapshot.
void put_cache(const TempDir& dir, const CacheCase& c) {
  for (const std::string& name : c.snapshots) put(dir / "m" / "snapshots" / name / "model_index.json", "{}");
  if (!c.main.empty()) put(dir / "m" / "refs" / "main", c.main);
}

TEST(HubCache, OuterFolderStandsForItsSnapshot) {
  for (const CacheCase& c : {CacheCase{{"abc"}, "", "abc"}, CacheCase{{"abc"}, "gone", "abc"},
                             CacheCase{{"abc", "def"}, "def", "def"}, CacheCase{{"abc", "def"}, "abc\n", "abc"}}) {
    const TempDir dir;
    put_cache(dir, c);
    EXPECT_EQ(enter_hub_cache(dir / "m"), dir / "m" / "snapshots" / c.taken);
    EXPECT_EQ(enter_hub_cache(dir / "m" / "snapshots" / c.taken), dir / "m" / "snapshots" / c.taken);
  }
  const TempDir plain;
  EXPECT_EQ(enter_hub_cache(plain.path()), plain.path());
}

TEST(HubCache, AmbiguousOrEmptyIsRefused) {
  const auto refused = [](const CacheCase& c, const char* message) {
    const TempDir dir;
    put_cache(dir, c);
    EXPECT_ERROR(enter_hub_cache(dir / "m"), ErrorCode::kUsage, message);
  };
  refused({{"abc", "def"}, "", ""}, "2 snapshots, and refs/main is not there; give one of them, such as ");
  refused({{"abc", "def"}, "ghi", ""}, "refs/main names none of them; give one of them");
  refused({{"abc", "def"}, "../blobs", ""}, "refs/main names none of them");
  const TempDir dir;
  fs::create_directories(dir / "m" / "snapshots");
  EXPECT_ERROR(enter_hub_cache(dir / "m"), ErrorCode::kUsage, "snapshots/ is empty; download the model again");
}

TEST(Folder, PickleOnlyIsNamed) {
  const TempDir dir;
  put(dir / "w.bin", "PK");
  EXPECT_ERROR(open_folder(ModelRoot(dir.path()), "", "w"), ErrorCode::kUsage, "weights only as pickle (w.bin)");
  const TempDir empty;
  EXPECT_ERROR(open_folder(ModelRoot(empty.path()), "", "w"), ErrorCode::kIo,
               "neither w.safetensors nor its .index.json");
  EXPECT_ERROR(ModelRoot(empty / "x"), ErrorCode::kIo, "not a folder");
}

TEST(Folder, DirectoryOrFifoInPlaceOfAFile) {
  const TempDir dir;
  fs::create_directory(dir / "w.safetensors");
  EXPECT_ERROR(open_folder(ModelRoot(dir.path()), "", "w"), ErrorCode::kIo, "not a regular file");
  fs::remove(dir / "w.safetensors");
  ASSERT_EQ(::mkfifo((dir / "w.safetensors").c_str(), 0600), 0);
  EXPECT_ERROR(open_folder(ModelRoot(dir.path()), "", "w"), ErrorCode::kIo, "not a regular file");
}

}  // namespace
}  // namespace wean::models
