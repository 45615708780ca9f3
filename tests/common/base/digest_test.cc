#include "common/base/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/expect_error.h"

namespace wean {
namespace {

// Expected values: the examples of FIPS 180-2 appendix B, and Python's hashlib for the rest.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// hashlib.sha256(struct.pack("<Q", 0x0102030405060708)).hexdigest()
TEST(Sha256, IntegersAreLittleEndian) {
  Sha256 hash;
  hash.update_u64(0x0102030405060708);
  EXPECT_EQ(to_hex(hash.finish()), "380b980886b7a3e726b5c2776160d7842b8f139eaea1e6acf7442cdf890e6287");
}

TEST(Sha256, PiecesEqualTheWholeAndFinishStartsAnew) {
  const std::string text(1000, 'x');
  Sha256 hash;
  for (std::size_t i = 0; i < text.size(); i += 7) hash.update(std::string_view(text).substr(i, 7));
  EXPECT_EQ(hash.finish(), sha256(text));
  EXPECT_EQ(hash.finish(), sha256(""));
}

TEST(Digest, HexRoundTrip) {
  const Digest digest = sha256("abc");
  EXPECT_EQ(digest_from_hex(to_hex(digest)), digest);
  EXPECT_EQ(short_hex(digest), "ba7816bf8f01cfea");
}

TEST(Digest, BadHexIsRefused) {
  const std::string good = to_hex(sha256("abc"));
  EXPECT_ERROR(digest_from_hex(good.substr(1)), ErrorCode::kMalformed, "64");
  EXPECT_ERROR(digest_from_hex(good + "0"), ErrorCode::kMalformed, "64");
  EXPECT_ERROR(digest_from_hex("g" + good.substr(1)), ErrorCode::kMalformed, "hex");
  EXPECT_ERROR(digest_from_hex(""), ErrorCode::kMalformed, "64");
}

}  // namespace
}  // namespace wean
