// The strict JSON reader: limits on both sides, and typed access that names file, key, value and what is allowed.
#include "models/files/json.h"

#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

Json parse(const std::string& text) { return parse_json(text, "c.json", kConfigLimits); }

struct Broken {
  const char* text;
  const char* message;
};

TEST(Json, RefusesWhatIsNotStrict) {
  for (const Broken& row :
       {Broken{"", "not JSON"}, Broken{"{", "not JSON"}, Broken{"{} {}", "not JSON"}, Broken{"{\"a\":1,}", "not JSON"},
        Broken{"{'a':1}", "not JSON"}, Broken{"// x\n{}", "not JSON"}, Broken{"[NaN]", "not JSON"},
        Broken{"[Infinity]", "not JSON"}, Broken{"[01]", "not JSON"}, Broken{"[1e999]", "not JSON"},
        Broken{"\"\\ud800\"", "not JSON"}, Broken{"{\"a\":1,\"a\":2}", "key 'a' is there twice"},
        Broken{"{\"x\":{\"b\":1,\"b\":1}}", "key 'b' is there twice"},
        Broken{"\"\xED\xA0\x80\"", "not UTF-8 at byte 1"}, Broken{"\xEF\xBB\xBF{}", "byte order mark"}}) {
    SCOPED_TRACE(row.text);
    EXPECT_ERROR(parse(row.text), ErrorCode::kMalformed, row.message);
  }
  EXPECT_ERROR(parse(std::string("{}\0{}", 5)), ErrorCode::kMalformed, "NUL byte at 2");
}

TEST(Json, DepthOf64IsTheMost) {
  EXPECT_NO_THROW((void)parse(std::string(64, '[') + std::string(64, ']')));
  EXPECT_ERROR(parse(std::string(65, '[') + std::string(65, ']')), ErrorCode::kMalformed, "deeper than 64");
  EXPECT_ERROR(parse(std::string(500'000, '[')), ErrorCode::kMalformed, "deeper than 64");
}

TEST(Json, SizeAndNumberOfValuesAreLimited) {
  const std::string pad(kConfigLimits.bytes - 2, ' ');
  EXPECT_NO_THROW((void)parse("[]" + pad));
  EXPECT_ERROR(parse("[]" + pad + " "), ErrorCode::kMalformed, "at most 1048576 are allowed");
  const JsonLimits three{100, 64, 3};
  EXPECT_NO_THROW((void)parse_json("[1,2]", "x", three));
  EXPECT_ERROR(parse_json("[1,2,3]", "x", three), ErrorCode::kMalformed, "more than 3 JSON values");
}

TEST(Fields, IntegersAreIntegers) {
  const Json json = parse(R"({"a":3,"b":3.0,"c":"3","d":18446744073709551615,"e":-1,"f":null,"g":[1,2.5]})");
  const Fields fields(json, "c.json");
  EXPECT_EQ(fields.integer("a", {1, 3}), 3);
  EXPECT_EQ(fields.integer("f", {1, 3}, 7), 7);
  EXPECT_ERROR(fields.integer("b", {1, 3}), ErrorCode::kMalformed, "c.json: b 3.0; an integer from 1 to 3");
  EXPECT_ERROR(fields.integer("c", {1, 3}), ErrorCode::kMalformed, "c \"3\"; an integer");
  EXPECT_ERROR(fields.integer("d", {1, 3}), ErrorCode::kMalformed, "d 18446744073709551615");
  EXPECT_ERROR(fields.integer("e", {1, 3}), ErrorCode::kMalformed, "e -1");
  EXPECT_ERROR(fields.integer("z", {1, 3}), ErrorCode::kMalformed, "z is missing");
  EXPECT_ERROR(fields.integers("g", {1, 3}, {}), ErrorCode::kMalformed, "g 2.5");
}

TEST(Fields, OtherTypes) {
  const Json json = parse(R"({"n":2.5,"t":true,"s":"x","l":[1,2.5],"b":[true,false]})");
  const Fields fields(json, "c.json");
  EXPECT_EQ(fields.number("n", 0), 2.5);
  EXPECT_EQ(fields.number("none", 4), 4);
  EXPECT_TRUE(fields.boolean("t", false));
  EXPECT_EQ(fields.text("s"), "x");
  EXPECT_EQ(fields.numbers("l"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(fields.booleans("b", {}), (std::vector<bool>{true, false}));
  EXPECT_ERROR(fields.number("s", 0), ErrorCode::kMalformed, "s \"x\"; a finite number");
  EXPECT_ERROR(fields.boolean("n", false), ErrorCode::kMalformed, "n 2.5; true or false");
  EXPECT_ERROR(fields.text("t"), ErrorCode::kMalformed, "t true; a string");
  EXPECT_ERROR(fields.booleans("l", {}), ErrorCode::kMalformed, "l [1,2.5]; a list of true and false");
  EXPECT_ERROR(fields.only("n", 1, "why"), ErrorCode::kUsage, "n 2.5 is not supported; allowed is 1: why");
  EXPECT_ERROR(Fields(Json::array(), "c.json"), ErrorCode::kMalformed, "a JSON object is expected");
}

}  // namespace
}  // namespace wean::models
