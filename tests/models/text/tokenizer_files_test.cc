// Broken tokenizer files, each with its message; and segmentations computed by hand.
#include "models/text/tokenizer_files.h"

#include <cmath>
#include <cstring>
#include <random>

#include "models/text/chars_map.h"
#include "models/text/prefix_index.h"
#include "models/text/tokenizer.h"
#include "models/text/unigram.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

using test::put;
using ::wean::testing::TempDir;

std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

std::string piece(const std::string& text, float score, char type = 1) {
  std::string number(4, '\0');
  std::memcpy(number.data(), &score, 4);
  return field(1, field(1, text) + std::string("\x15") + number + std::string{'\x18', type});
}

/// A piece of `size` bytes, more than one byte of length can say.
std::string long_piece(std::size_t size, char type = 1) {
  const auto varint = [](std::size_t n) {
    return std::string{static_cast<char>((n & 0x7FU) | 0x80U), static_cast<char>(n >> 7U)};
  };
  const std::string inner = "\x0A" + varint(size) + std::string(size, 'p') + std::string{'\x18', type};
  return "\x0A" + varint(inner.size()) + inner;
}

const std::string kMark = "\xE2\x96\x81";

/// <pad> </s> <unk> and pieces whose best sums are known.
std::string good_model() {
  return piece("<pad>", 0, 3) + piece("</s>", 0, 3) + piece("<unk>", 0, 2) + piece(kMark + "ab", -1) +
         piece(kMark, -2) + piece("a", -2) + piece("b", -3) + piece("bc", -1.5F);
}

struct Folder {
  TempDir dir;
  explicit Folder(const std::string& model, const std::string& config = "{\"extra_ids\":0}") {
    put(dir / "spiece.model", model);
    put(dir / "tokenizer_config.json", config);
  }
  [[nodiscard]] Tokenizer open() const { return Tokenizer::open(dir.path()); }
};

using Ids = std::vector<std::int64_t>;

TEST(Tokenizer, PicksTheLargestSum) {
  const Folder folder(good_model());
  const Tokenizer tokenizer = folder.open();
  EXPECT_EQ(tokenizer.encode("ab", 512), (Ids{3, 1}));                 // -1 against -2-2-3
  EXPECT_EQ(tokenizer.encode("abc", 512), (Ids{4, 5, 7, 1}));          // -2-2-1.5 against -1 and an unknown c
  EXPECT_EQ(tokenizer.encode("ab xy ab", 512), (Ids{3, 4, 2, 3, 1}));  // x and y are one unknown
  EXPECT_EQ(tokenizer.encode("", 512), (Ids{1}));
  EXPECT_EQ(tokenizer.encode(" \t", 512), (Ids{1}));
}

TEST(Tokenizer, AddedTokensComeFirst) {
  const Folder folder(good_model());
  EXPECT_EQ(folder.open().encode("ab</s>ab<pad>", 512), (Ids{3, 1, 3, 0, 1}));
  EXPECT_EQ(folder.open().encode("</s", 512), (Ids{4, 2, 1}));
}

TEST(Tokenizer, SentinelsStandBehindThePiecesBackwards) {
  const Folder folder(good_model(), "{\"extra_ids\":2}");
  EXPECT_EQ(folder.open().encode("<extra_id_0><extra_id_1>", 512), (Ids{9, 8, 1}));
}

/// `count` added tokens "<token 0>"... that swallow white space behind them.
std::string many_added(int count) {
  std::string text = "{\"extra_ids\":10000,\"additional_special_tokens\":[";
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? ",{\"rstrip\":true,\"content\":\"<token " : "{\"rstrip\":true,\"content\":\"<token ") +
            std::to_string(i) + ">\"}";
  return text + "]}";
}

// Hours instead of a second if time went by text times tokens, or by the square of the text.
TEST(Tokenizer, LongTextsAndManyAddedTokensTakeLittleTime) {
  const Folder folder(good_model(), many_added(60'000));
  const Tokenizer tokenizer = folder.open();
  constexpr std::size_t kAll = 100'000'000;
  std::string plain, dense;
  for (int i = 0; i < 400'000; ++i) plain += "ab abc ";
  for (int i = 0; i < 200'000; ++i) dense += "<token 59999> <extra_id_9999>";
  EXPECT_EQ(tokenizer.encode(plain, kAll).size(), 400'000U * 4 + 1);
  const Ids ids = tokenizer.encode(dense, kAll);
  ASSERT_EQ(ids.size(), 400'001U);
  EXPECT_EQ(ids[0], 8 + 10'000 + 59'999);
  EXPECT_EQ(ids[1], 8);
  EXPECT_EQ(tokenizer.encode(std::string(4'000'000, 'a'), kAll).size(), 4'000'000U + 2);
  EXPECT_EQ(tokenizer.encode(std::string(4'000'000, '<'), kAll).size(), 3U);
}

TEST(Tokenizer, TheLongestAddedTokenWins) {
  const Folder folder(good_model(), R"({"extra_ids":0,"additional_special_tokens":["<a","<a>b","<a>"]})");
  EXPECT_EQ(folder.open().encode("<a>b<a><a<a>", 512), (Ids{9, 10, 8, 10, 1}));
}

TEST(Tokenizer, TooManyAddedTokensAreRefused) {
  const auto open = [](int count) { (void)Folder(good_model(), many_added(count)).open(); };
  EXPECT_NO_THROW(open(100'000 - 10'000 - 3));
  EXPECT_ERROR(open(100'001), ErrorCode::kMalformed, "more than 100000 added tokens; no more are allowed");
}

TEST(Tokenizer, AnEmptyAddedTokenIsNone) {
  EXPECT_EQ(Folder(good_model() + piece("", 0, 3)).open().encode("ab", 512), (Ids{3, 1}));
}

TEST(Tokenizer, NothingLeadsOutOfTheModel) {
  const TempDir dir;
  put(dir / "secret.json", "{}");
  put(dir / "m" / "tokenizer" / "spiece.model", good_model());
  EXPECT_NO_THROW((void)Tokenizer::open(ModelRoot(dir / "m"), "tokenizer"));
  std::filesystem::create_symlink("../../secret.json", dir / "m" / "tokenizer" / "tokenizer_config.json");
  EXPECT_ERROR(Tokenizer::open(ModelRoot(dir / "m"), "tokenizer"), ErrorCode::kMalformed,
               "outside of the model folder");
  std::filesystem::remove(dir / "m" / "tokenizer" / "tokenizer_config.json");
  std::filesystem::rename(dir / "m" / "tokenizer", dir / "away");
  std::filesystem::create_directory_symlink("../away", dir / "m" / "tokenizer");
  EXPECT_ERROR(Tokenizer::open(ModelRoot(dir / "m"), "tokenizer"), ErrorCode::kMalformed,
               "outside of the model folder");
}

TEST(PrefixIndex, FindsWhatATextBeginsWith) {
  const PrefixIndex index({{"ab", 1}, {"a", 2}, {"abcd", 3}, {"b", 4}, {"ab", 5}, {"", 6}, {"\xFF", 7}});
  const auto prefixes = [&](std::string_view text) {
    std::vector<std::pair<std::size_t, std::int64_t>> found;
    index.each_prefix(text, [&](std::size_t length, std::int64_t number) { found.emplace_back(length, number); });
    return found;
  };
  using Found = std::vector<std::pair<std::size_t, std::int64_t>>;
  EXPECT_EQ(prefixes("abcde"), (Found{{1, 2}, {2, 5}, {4, 3}}));
  EXPECT_EQ(prefixes("ac"), (Found{{1, 2}}));
  EXPECT_EQ(prefixes("\xFFx"), (Found{{1, 7}}));
  EXPECT_EQ(prefixes(""), Found{});
  EXPECT_EQ(index.find("ab"), 5);
  EXPECT_EQ(index.find("abc"), -1);
  EXPECT_EQ(index.find(""), 6);
  EXPECT_EQ(PrefixIndex().find("a"), -1);
}

TEST(Tokenizer, LongTextKeepsItsEnd) {
  const Folder folder(good_model());
  EXPECT_EQ(folder.open().encode("ab ab ab ab", 3), (Ids{3, 3, 1}));
  EXPECT_EQ(folder.open().encode("ab", 1), (Ids{1}));
}

struct Broken {
  std::string model;
  const char* message;
  ErrorCode code = ErrorCode::kMalformed;
};

TEST(Tokenizer, BrokenModelsAreNamed) {
  const std::string nan = piece("x", std::nanf(""));
  const std::vector<Broken> rows{
      {"", "no pieces"},
      {"\x0A\x7Fxx", "a field of 127 bytes where 2 follow"},
      {good_model() + "\x0A", "a field of 1 bytes where 0 follow"},
      {std::string(12, '\xFF'), "an integer of more than 10 bytes"},
      {"\x0F", "wire type 7"},
      {piece("<pad>", 0), "1 pieces, but the unknown piece has id 2"},
      {good_model() + nan, "has no finite score"},
      {good_model() + long_piece(1025), "piece 8 of 1025 bytes; at most 1024 are allowed"},
      {good_model() + long_piece(1025, 3), "added token of 1025 bytes; at most 1024 are allowed"},
      {good_model() + piece("\xFF", 0), "piece 8 is not UTF-8"},
      {good_model() + field(2, "\x18\x02"), "model type 2 is not supported", ErrorCode::kUsage},
      {good_model() + field(3, field(2, "ab")), "normalisation table of 2 bytes"},
      {good_model() + field(3, field(2, std::string("\x10\0\0\0xx", 6))), "trie of 16 bytes in a table of 2"},
      {good_model() + field(3, field(2, std::string("\0\0\0\0\xFF", 5))), "not UTF-8 at byte 0"}};
  for (const Broken& row : rows) {
    SCOPED_TRACE(row.message);
    const Folder folder(row.model);
    EXPECT_ERROR(folder.open(), row.code, row.message);
  }
}

/// `bytes` with a few random bytes changed, removed or doubled.
std::string damaged(std::string bytes, std::mt19937& random) {
  for (int i = std::uniform_int_distribution(1, 4)(random); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 3) {
      case 0:
        bytes[at] = static_cast<char>(random() & 0xFFU);
        break;
      case 1:
        bytes.erase(at, 1 + random() % 8);
        break;
      default:
        bytes.insert(at, bytes.substr(at, 1 + random() % 8));
    }
  }
  return bytes;
}

/// Opens and uses a tokenizer whose one file is `text`; true when it opened.
bool opens(const char* file, const std::string& text) {
  const TempDir dir;
  put(dir / file, text);
  try {
    const auto ids = Tokenizer::open(dir.path()).encode("ab abc \xC3\xA9\xCC\x81 </s><extra_id_3> xyz", 20);
    return !ids.empty() && ids.size() <= 20;
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::kMalformed || error.code() == ErrorCode::kUsage) << error.what();
    return false;
  }
}

TEST(Tokenizer, RandomDamageIsRefusedOrHarmless) {
  std::mt19937 random(17);
  const std::string table("\x10\0\0\0\x61\x05\0\0\x62\x01\0\0\x01\0\0\x80\0\0\0\0ab\0", 23);
  const std::string model = good_model() + field(3, field(2, table));
  const std::string json =
      R"({"added_tokens":[{"id":1,"content":"</s>","lstrip":true}],"normalizer":{"type":"Precompiled",
    "precompiled_charsmap":"EAAAAGEFAABiAQAAAQAAgAAAAABhYgA="},"model":{"type":"Unigram","unk_id":2,
    "vocab":[["<pad>",0],["</s>",0],["<unk>",0],["a",-2.5],["b",-3]]}})";
  int opened = 0;
  for (int i = 0; i < 2000; ++i) {
    opened += opens("spiece.model", damaged(model, random)) ? 1 : 0;
    opened += opens("tokenizer.json", damaged(json, random)) ? 1 : 0;
  }
  EXPECT_GT(opened, 100);
  EXPECT_LT(opened, 3900);
}

TEST(Tokenizer, BrokenConfigsAreNamed) {
  for (const auto& [config, message] : std::vector<std::pair<const char*, const char*>>{
           {"[]", "a JSON object is expected"},
           {"{\"extra_ids\":-1}", "extra_ids -1"},
           {"{\"extra_ids\":99999999}", "extra_ids 99999999"},
           {"{\"added_tokens_decoder\":{\"x\":{\"content\":\"a\"}}}", "added_tokens_decoder key 'x'; an id of"},
           {"{\"added_tokens_decoder\":{\"5\":{\"content\":\"</s>\"}}}", "'</s>' has id 5, but it is 1"},
           {"{\"added_tokens_decoder\":{\"5\":7}}", "a JSON object is expected"}}) {
    SCOPED_TRACE(message);
    EXPECT_ERROR(Folder(good_model(), config).open(), ErrorCode::kMalformed, message);
  }
  EXPECT_ERROR(Folder(good_model(), "{\"tokenizer_class\":\"LlamaTokenizer\"}").open(), ErrorCode::kUsage,
               "'LlamaTokenizer'");
  EXPECT_ERROR(
      Folder(good_model(), "{\"added_tokens_decoder\":{\"1\":{\"content\":\"</s>\",\"normalized\":true}}}").open(),
      ErrorCode::kUsage, "single_word or normalized");
  const TempDir empty;
  EXPECT_ERROR(Tokenizer::open(empty.path()), ErrorCode::kUsage, "neither tokenizer.json nor spiece.model");
}

TEST(Tokenizer, BrokenTokenizerJsonIsNamed) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {"{}", "model is missing"},
           {"{\"model\":{\"type\":\"Unigram\"}}", "vocab is no list"},
           {"{\"model\":{\"vocab\":[[\"a\"]]}}", "piece 0; a pair of text and score"},
           {"{\"model\":{\"vocab\":[[\"a\",\"b\"]]}}", "piece 0; a pair of text and score"},
           {"{\"model\":{\"vocab\":[[\"a\",0]]},\"added_tokens\":{}}", "added_tokens is no list"},
           {"{\"model\":{\"vocab\":[[\"a\",0]]},\"normalizer\":{\"precompiled_charsmap\":\"!!!!\"}}", "not base64"},
           {"{\"model\":{\"vocab\":[[\"a\",0]]},\"normalizer\":{\"precompiled_charsmap\":\"abc\"}}",
            "base64 of 3 characters"}}) {
    SCOPED_TRACE(message);
    const TempDir dir;
    put(dir / "tokenizer.json", text);
    EXPECT_ERROR(Tokenizer::open(dir.path()), ErrorCode::kMalformed, message);
  }
  const TempDir dir;
  put(dir / "tokenizer.json", "{\"model\":{\"type\":\"BPE\"}}");
  EXPECT_ERROR(Tokenizer::open(dir.path()), ErrorCode::kUsage, "model type 'BPE'");
}

TEST(CharsMap, HostileTriesStayInsideTheirMemory) {
  // Every unit points far away or at itself: look-ups must end, whatever they find.
  for (const std::uint32_t unit : {0xFFFFFFFFU, 0x00000161U, 0x7FFFFD61U, 0x00000000U, 0x80000161U}) {
    std::string blob;
    const std::uint32_t size = 1024;
    blob.append(reinterpret_cast<const char*>(&size), 4);
    for (int i = 0; i < 256; ++i) blob.append(reinterpret_cast<const char*>(&unit), 4);
    blob += std::string("abc\0", 4);
    const CharsMap map(blob, "f");
    EXPECT_LE(map.normalize("aaaa \xC3\xA9 e\xCC\x81").size(), 100U);
  }
}

TEST(Base64, Rfc4648Examples) {
  for (const auto& [text, bytes] : std::vector<std::pair<const char*, const char*>>{
           {"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9vYmFy", "foobar"}}) {
    EXPECT_EQ(from_base64(text, "f"), bytes);
  }
}

}  // namespace
}  // namespace wean::models
