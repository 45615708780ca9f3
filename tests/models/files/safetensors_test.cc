// Each rule of the safetensors reader has its own broken file here, and its own message.
#include "models/files/safetensors.h"

#include <cstring>

#include "models/files/safetensors_writer.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

using test::safetensors_text;
using ::wean::testing::TempDir;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

SafetensorsHeader parse(const std::string& file) { return parse_safetensors(bytes_of(file), "f"); }

/// {"a":{"dtype":..., "shape":..., "data_offsets":...}} with `fields` as the inner text.
std::string one(const std::string& fields, std::size_t data_bytes) {
  return safetensors_text("{\"a\":{" + fields + "}}", data_bytes);
}

std::string two(const std::string& a, const std::string& b, std::size_t data_bytes) {
  const std::string head = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":";
  return safetensors_text("{\"a\":{" + head + a + "},\"b\":{" + head + b + "}}", data_bytes);
}

std::string size_field(unsigned char low, unsigned char high) {
  return {static_cast<char>(low), 0, 0, 0, 0, 0, 0, static_cast<char>(high)};
}

struct Broken {
  const char* rule;
  std::string file;
  const char* message;
};

std::vector<Broken> broken_headers() {
  const std::string good = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";
  return {
      {"empty file", "", "0 bytes; a safetensors file has at least 8"},
      {"7 bytes", "1234567", "7 bytes; a safetensors file has at least 8"},
      {"header of 0 bytes", std::string(8, '\0'), "header of 0 bytes; 2 to 100000000 are allowed"},
      {"header too large", size_field(0, 1), "header of 72057594037927936 bytes; 2 to 100000000"},
      {"header 1 over the limit", std::string("\x01\xE1\xF5\x05\0\0\0\0", 8), "header of 100000001 bytes"},
      {"header longer than file", size_field(100, 0) + "{}", "header of 100 bytes, but only 2 follow"},
      {"not UTF-8", safetensors_text("{\"\xFF\":1}", 0), "not UTF-8 at byte 2"},
      {"overlong UTF-8", safetensors_text("{\"\xC0\x80\":1}", 0), "not UTF-8 at byte 2"},
      {"not JSON", safetensors_text("{\"a\":", 0), "not JSON at byte"},
      {"text after the header", safetensors_text("{}x", 0), "not JSON at byte"},
      {"NUL after the header", safetensors_text(std::string("{}\0", 3), 0), "NUL byte"},
      {"begins with a space", safetensors_text(" {}", 0), "does not begin with '{'"},
      {"list", safetensors_text("[1]", 0), "does not begin with '{'"},
      {"tensor is a number", safetensors_text("{\"a\":1}", 0), "each tensor must be an object"},
      {"tensor is a list", safetensors_text("{\"a\":[]}", 0), "each tensor must be an object"},
      {"duplicate tensor", safetensors_text("{\"a\":{" + good + "},\"a\":{" + good + "}}", 8), "'a' is there twice"},
      {"duplicate field", one(good + ",\"dtype\":\"F32\"", 8), "dtype is there twice"},
      {"duplicate shape", one(good + ",\"shape\":[2]", 8), "shape is there twice"},
      {"unknown field", one(good + ",\"x\":1", 8), "dtype must be a string"},
      {"dtype missing", one("\"shape\":[2],\"data_offsets\":[0,8]", 8), "dtype is missing"},
      {"shape missing", one("\"dtype\":\"F32\",\"data_offsets\":[0,8]", 8), "shape is missing"},
      {"offsets missing", one("\"dtype\":\"F32\",\"shape\":[2]", 8), "data_offsets is missing"},
      {"unknown dtype", one("\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]", 8), "unknown dtype 'F33'"},
      {"name of 513 bytes", safetensors_text("{\"" + std::string(513, 'n') + "\":{" + good + "}}", 8), "name of 513"},
      {"empty name", safetensors_text("{\"\":{" + good + "}}", 8), "name of 0 bytes; 1 to 512"},
      {"control character", safetensors_text("{\"a\\u0007\":{" + good + "}}", 8), "holds a control character"},
      {"C1 control character", safetensors_text("{\"a\\u0085\":{" + good + "}}", 8), "holds a control character"},
      {"metadata is a list", safetensors_text("{\"__metadata__\":[]}", 0), "each tensor must be an object"},
      {"metadata value is a number", safetensors_text("{\"__metadata__\":{\"k\":1}}", 0), "values must be strings"},
      {"metadata twice", safetensors_text("{\"__metadata__\":{},\"__metadata__\":{}}", 0),
       "__metadata__ is there twice"},
      {"metadata key twice", safetensors_text("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0),
       "key 'k' is there twice"},
  };
}

std::vector<Broken> broken_shapes() {
  const auto shape = [](const std::string& s, const std::string& o, std::size_t n) {
    return one("\"dtype\":\"F32\",\"shape\":" + s + ",\"data_offsets\":" + o, n);
  };
  return {
      {"rank 9", shape("[1,1,1,1,1,1,1,1,1]", "[0,4]", 4), "rank above 8"},
      {"negative size", shape("[-1]", "[0,4]", 4), "shape holds -1; integers from 0"},
      {"fraction", shape("[1.0]", "[0,4]", 4), "shape holds 1.0; integers from 0"},
      {"size of 2^63", shape("[9223372036854775808]", "[0,4]", 4), "at most 2^63-1"},
      {"size of 2^64", shape("[18446744073709551616]", "[0,4]", 4), "integers from 0 to 2^63-1"},
      {"size is a string", shape("[\"1\"]", "[0,4]", 4), "a string in tensor 'a', shape"},
      {"nested shape", shape("[[1]]", "[0,4]", 4), "a list where"},
      {"product overflows", shape("[4294967296,4294967296,1]", "[0,4]", 4), "overflows"},
      {"half a byte", one("\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]", 2), "does not fill whole bytes"},
      {"one offset", shape("[1]", "[0]", 4), "data_offsets has 1 numbers; 2 are allowed"},
      {"three offsets", shape("[1]", "[0,4,4]", 4), "more than 2 numbers"},
      {"offsets backwards", shape("[1]", "[4,0]", 4), "run backwards"},
      {"size and offsets disagree", shape("[2]", "[0,4]", 4), "takes 8 bytes, but data_offsets span 4"},
      {"hole at the start", shape("[1]", "[4,8]", 8), "a hole of 4 bytes before it"},
      {"hole between", two("[0,4]", "[8,12]", 12), "'b': a hole of 4 bytes before it"},
      {"overlap", two("[0,4]", "[2,6]", 8), "'b': overlaps the tensor before it by 2 bytes"},
      {"same bytes twice", two("[0,4]", "[0,4]", 4), "overlaps the tensor before it by 4 bytes"},
      {"cut off", shape("[1]", "[0,4]", 3), "ends at byte 4 of the data, but the file holds 3"},
      {"one byte more", shape("[1]", "[0,4]", 5), "end at byte 4 of the data, but the file holds 5"},
      {"data without tensors", safetensors_text("{}", 1), "end at byte 0 of the data, but the file holds 1"},
  };
}

void expect_refused(const std::vector<Broken>& rows) {
  for (const Broken& row : rows) {
    SCOPED_TRACE(row.rule);
    EXPECT_ERROR(parse(row.file), ErrorCode::kMalformed, row.message);
  }
}

TEST(Safetensors, EveryHeaderRuleHasItsMessage) { expect_refused(broken_headers()); }
TEST(Safetensors, EveryShapeRuleHasItsMessage) { expect_refused(broken_shapes()); }

TEST(Safetensors, AcceptsTheOtherSideOfEachLimit) {
  const std::string name(512, 'n');
  EXPECT_EQ(parse(safetensors_text("{}", 0)).entries.size(), 0U);
  EXPECT_EQ(parse(safetensors_text("{}   \n", 0)).entries.size(), 0U);
  EXPECT_EQ(parse(one("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]", 4)).entries.size(), 1U);
  EXPECT_EQ(parse(one("\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,2]", 2)).entries.size(), 1U);
  EXPECT_EQ(parse(one("\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]", 0)).entries.size(),
            1U);
  EXPECT_EQ(parse(test::tensors_named({name})).entries[0].name, name);
}

TEST(Safetensors, ReadsByPositionNotByOrderInTheHeader) {
  const SafetensorsHeader header = parse(two("[4,8]", "[0,4]", 8));
  ASSERT_EQ(header.entries.size(), 2U);
  EXPECT_EQ(header.entries[0].name, "b");
  EXPECT_EQ(header.entries[1].name, "a");
}

TEST(Safetensors, LimitOfTensorsHoldsOnBothSides) {
  std::string header = "{";
  const auto add = [&header](std::size_t i) {
    header += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  };
  for (std::size_t i = 0; i < kMaxTensors; ++i) add(i);
  EXPECT_EQ(parse(safetensors_text(header + "}", 0)).entries.size(), kMaxTensors);
  add(kMaxTensors);
  EXPECT_ERROR(parse(safetensors_text(header + "}", 0)), ErrorCode::kMalformed, "more than 1000000 tensors");
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  const TempDir folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<TensorToWrite> tensors{{"b", DType::kF32, {2, 3}, std::as_bytes(std::span(values))},
                                           {"a", DType::kBF16, {0}, {}}};
  write_safetensors(folder / "x.safetensors", tensors, {{"k", "v"}}, Overwrite::kRefuse);
  const SafetensorsFile file = open_safetensors(folder / "x.safetensors");
  ASSERT_EQ(file.tensors.size(), 2U);
  EXPECT_EQ(file.metadata.at("k"), "v");
  EXPECT_EQ(file.tensors[1].name, "b");
  const std::vector<std::byte> read = test::bytes_of(file.tensors[1]);
  ASSERT_EQ(read.size(), 24U);
  EXPECT_EQ(std::memcmp(read.data(), values.data(), 24), 0);
  EXPECT_EQ(file.tensors[1].offset % 64, 0U);
  EXPECT_ERROR(write_safetensors(folder / "x.safetensors", tensors, {}, Overwrite::kRefuse), ErrorCode::kUsage,
               "exists");
}

TEST(SafetensorsWriter, RefusesWhatTheReaderWouldRefuse) {
  const TempDir folder;
  const std::vector<TensorToWrite> wrong{{"a", DType::kF32, {2}, {}}};
  EXPECT_ERROR(write_safetensors(folder / "x", wrong, {}, Overwrite::kRefuse), ErrorCode::kMalformed, "takes 8 bytes");
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

}  // namespace
}  // namespace wean::models
