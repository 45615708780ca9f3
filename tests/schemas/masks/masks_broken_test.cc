// Hand-broken files, each with the code and the words of its refusal. A new reader check without a row is not done.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "common/base/error.h"
#include "tests/schemas/masks/patch.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

using test::Bytes;
using test::put;
using test::Repair;

/// Offsets of the tiny file: entries at 0x160, 0x1C0, 0x220, 0x280; payloads at 0x300 (dense) and 0x340 (sparse).
constexpr std::size_t kEntry0 = 0x160, kEntry1 = 0x1C0, kEntry2 = 0x220, kDense = 0x300, kSparse = 0x340;

struct BrokenCase {
  const char* name;
  std::function<void(Bytes&)> damage;
  Repair repaired;  ///< checksums that are right again, so that only the named rule is broken
  ErrorCode code;
  const char* message;
};
void PrintTo(const BrokenCase& broken, std::ostream* out) { *out << broken.name; }

constexpr ErrorCode kMalformed = ErrorCode::kMalformed;
constexpr ErrorCode kIntegrity = ErrorCode::kIntegrity;

template <typename T>
std::function<void(Bytes&)> set(std::size_t offset, T value) {
  return [=](Bytes& bytes) { put<T>(bytes, offset, value); };
}
std::function<void(Bytes&)> set32(std::size_t offset, std::uint32_t value) { return set(offset, value); }
std::function<void(Bytes&)> set64(std::size_t offset, std::uint64_t value) { return set(offset, value); }
std::function<void(Bytes&)> set_sigma(std::size_t phase, double value) { return set(test::phase_at(phase), value); }
std::function<void(Bytes&)> both(const std::function<void(Bytes&)>& a, const std::function<void(Bytes&)>& b) {
  return [=](Bytes& bytes) {
    a(bytes);
    b(bytes);
  };
}
std::function<void(Bytes&)> keep_first(std::size_t size) {
  return [=](Bytes& bytes) { bytes.resize(size); };
}
/// Entry 3 (the shared one) follows entry 2 in everything but its key.
void follow_entry_2(Bytes& bytes) { std::memcpy(bytes.data() + 0x280 + 20, bytes.data() + kEntry2 + 20, 76); }
/// Damages the sparse payload, makes its counts right if asked, and its hash in both entries.
std::function<void(Bytes&)> in_payload(const std::function<void(Bytes&)>& damage) {
  return [=](Bytes& bytes) {
    damage(bytes);
    follow_entry_2(bytes);
  };
}

std::vector<BrokenCase> header_cases() {
  return {
      {"empty", keep_first(0), Repair::kNothing, kMalformed, "0 bytes; the header of a mask file has 320"},
      {"header cut", keep_first(319), Repair::kNothing, kMalformed, "319 bytes"},
      {"magic", set32(0, 0), Repair::kRoot, kMalformed, "magic at byte 0: not a mask file"},
      {"text mode", set<std::uint8_t>(5, '\n'), Repair::kRoot, kMalformed, "text-mode transfer"},
      {"major", set<std::uint16_t>(8, 2), Repair::kRoot, kMalformed, "container version at byte 8: 2; this wean reads"},
      {"major 0", set<std::uint16_t>(8, 0), Repair::kRoot, kMalformed, "container version at byte 8: 0"},
      {"header_bytes", set32(12, 256), Repair::kRoot, kMalformed, "header_bytes at byte 12: 256; allowed is 320"},
      {"cut short", keep_first(900), Repair::kNothing, kIntegrity, "file_bytes at byte 16: 908, but the file has 900"},
      {"file_bytes", set64(16, 909), Repair::kRoot, kIntegrity, "909, but the file has 908"},
      {"file_bytes huge", set64(16, std::uint64_t{1} << 44), Repair::kRoot, kMalformed, "at most 17592186044415"},
      {"incompatible", set32(24, 1), Repair::kRoot, kMalformed, "incompatible flags at byte 24: 1; allowed is 0"},
      {"compatible", set32(28, 1), Repair::kRoot, kMalformed, "compatible flags at byte 28: 1"},
      {"sections 0", set32(32, 0), Repair::kRoot, kMalformed, "sections at byte 32: 0; allowed are 1 to 1048576"},
      {"sections many", set32(32, 1048577), Repair::kRoot, kMalformed, "sections at byte 32: 1048577"},
      {"sections past the end", set32(32, 1000), Repair::kRoot, kMalformed, "tables end at byte 96352"},
      {"sections 3", set32(32, 3), Repair::kDensity, kMalformed, "phases x branches x experts x layers is 4"},
      {"entry_bytes", set32(36, 88), Repair::kRoot, kMalformed, "entry_bytes at byte 36: 88; allowed is 96"},
      {"align", set32(40, 4096), Repair::kRoot, kMalformed, "align at byte 40: 4096; allowed is 64"},
      {"hash", set32(44, 2), Repair::kRoot, kMalformed, "hash at byte 44: 2; allowed is 1"},
      {"phases 0", set32(48, 0), Repair::kRoot, kMalformed, "phases at byte 48: 0; allowed are 1 to 4096"},
      {"phases many", set32(48, 4097), Repair::kRoot, kMalformed, "phases at byte 48: 4097"},
      {"branches", set32(52, 3), Repair::kRoot, kMalformed, "branches at byte 52: 3; allowed are 1 to 2"},
      {"experts", set32(56, 65), Repair::kRoot, kMalformed, "experts at byte 56: 65; allowed are 1 to 64"},
      {"layers", set32(60, 0), Repair::kRoot, kMalformed, "layers at byte 60: 0; allowed are 1 to 4096"},
      {"heads", set32(64, 4097), Repair::kRoot, kMalformed, "heads at byte 64: 4097; allowed are 1 to 4096"},
      {"head_dim", set32(68, 0), Repair::kRoot, kMalformed, "head_dim at byte 68: 0; allowed are 1 to 1024"},
      {"grid 0", set32(72, 0), Repair::kRoot, kMalformed, "grid frames at byte 72: 0; allowed are 1 to 2147483647"},
      {"grid tokens", both(set32(72, 65536), set32(76, 65536)), Repair::kRoot, kMalformed, "more than 2147483647"},
      {"grid overflow", both(set32(72, 0x7FFFFFFF), both(set32(76, 0x7FFFFFFF), set32(80, 0x7FFFFFFF))), Repair::kRoot,
       kMalformed, "more than 2147483647 tokens"},
      {"token pairs", both(set32(72, 0x7FFFFFFF), both(set32(76, 1), both(set32(80, 1), set32(64, 5)))), Repair::kRoot,
       kMalformed, "token pairs; allowed are 2^64 - 1"},
      {"q_block", set32(84, 0), Repair::kRoot, kMalformed, "q_block at byte 84: 0; allowed are 1 to 65536"},
      {"k_block", set32(88, 65537), Repair::kRoot, kMalformed, "k_block at byte 88: 65537"},
      {"token_order", set32(92, 1), Repair::kRoot, kMalformed, "token_order at byte 92: 1; allowed is 0"},
      {"density", set(96, 0.5), Repair::kRoot, kMalformed,
       "global_density at byte 96: 0.5; the section table gives 0.92"},
      {"schema", set32(104, 2), Repair::kRoot, kMalformed, "schema version at byte 104: 2; this wean reads version 1"},
      {"reserved", set<std::uint8_t>(127, 1), Repair::kRoot, kMalformed, "reserved at byte 127: 1; allowed is 0"},
      {"family empty", set64(256, 0), Repair::kRoot, kMalformed, "family at byte 256"},
      {"family sign", set<std::uint8_t>(257, '/'), Repair::kRoot, kMalformed, "letters, digits, '.', '_' and '-'"},
      {"family tail", set<std::uint8_t>(287, 'x'), Repair::kRoot, kMalformed, "family padding at byte 287: 120"},
      {"root", set64(288, 0), Repair::kNothing, kIntegrity, "root at byte 288: SHA-256 of header and tables differs"},
      {"fingerprint", set64(128, 0), Repair::kNothing, kIntegrity, "root at byte 288"},
  };
}

std::vector<BrokenCase> table_cases() {
  return {
      {"sigma order", set_sigma(0, 0.0), Repair::kRoot, kMalformed, "sigma must fall"},
      {"sigma negative", set_sigma(0, -0.5), Repair::kRoot, kMalformed, "sigma_low of phase 0 at byte 320: -0.5"},
      {"sigma nan", set_sigma(0, std::nan("")), Repair::kRoot, kMalformed, "sigma_low of phase 0 at byte 320: nan"},
      {"sigma minus zero", set_sigma(1, -0.0), Repair::kRoot, kMalformed, "sigma_low of phase 1 at byte 336: -0"},
      {"sigma end", set_sigma(1, 0.25), Repair::kRoot, kMalformed, "they must span 1 to 0"},
      {"steps", both(set32(328, 0), set32(344, 0)), Repair::kRoot, kMalformed, "no phase has a step"},
      {"phase reserved", set32(332, 1), Repair::kRoot, kMalformed, "reserved of a phase at byte 332: 1"},
      {"entry phase", set32(kEntry2, 0), Repair::kRoot, kMalformed, "phase of an entry at byte 544: 0; allowed is 1"},
      {"entry branch", set32(kEntry1 + 4, 0), Repair::kRoot, kMalformed, "branch of an entry at byte 452: 0"},
      {"entry expert", set32(kEntry0 + 8, 1), Repair::kRoot, kMalformed, "expert of an entry at byte 360: 1"},
      {"entry layer", set32(kEntry0 + 12, 9), Repair::kRoot, kMalformed, "layer of an entry at byte 364: 9"},
      {"entry kind", set32(kEntry0 + 16, 2), Repair::kRoot, kMalformed,
       "kind of an entry at byte 368: 2; allowed is 1"},
      {"entry reserved", set64(kEntry0 + 56, 1), Repair::kRoot, kMalformed, "reserved of an entry at byte 408: 1"},
      {"slots", set32(kEntry2 + 20, 4), Repair::kRoot, kMalformed, "slots of section 2 (phase 1, branch 0"},
      {"bytes", set64(kEntry2 + 32, 80), Repair::kRoot, kMalformed,
       "bytes of section 2 (phase 1, branch 0, expert 0, "
       "layer 0) at byte 576: 80; a head table and 1 slots take 76"},
      {"kept_work", set64(kEntry0 + 48, 301), Repair::kRoot, kMalformed, "301; allowed are at most 300"},
      {"offset gap", set64(kEntry2 + 24, 0x380), Repair::kRoot, kMalformed, "offset of section 2"},
      {"offset overlap", set64(kEntry2 + 24, 0x300), Repair::kRoot, kMalformed, "the next payload starts at 832"},
      {"not shared", set64(kEntry1 + 24, 0x340), Repair::kRoot, kMalformed, "equal payloads are stored once"},
      {"shared counts", set64(kEntry1 + 40, 1), Repair::kRoot, kMalformed, "has the payload hash of section 0"},
      {"padding", set<std::uint8_t>(0x2FF, 7), Repair::kRoot, kMalformed, "padding at byte 767: 7; allowed is 0"},
      {"payload past the end", both(set32(kEntry2 + 20, 2), set64(kEntry2 + 32, 88)), Repair::kRoot, kMalformed,
       "88; the file has 76 left"},
  };
}

/// A file of one kind of section whose payload rules can be broken: bytes of the tail appended behind the last payload.
void append_word(Bytes& bytes) {
  bytes.resize(bytes.size() + 4);
  put<std::uint64_t>(bytes, 16, bytes.size());
}

std::vector<BrokenCase> payload_cases() {
  const auto second_map = [](Bytes& bytes) {
    bytes.insert(bytes.end(), bytes.begin() + 0x380, bytes.begin() + 0x38C);
    put<std::uint64_t>(bytes, 16, bytes.size());
    put<std::uint32_t>(bytes, kEntry2 + 20, 2);
    put<std::uint64_t>(bytes, kEntry2 + 32, 88);
    put<std::uint32_t>(bytes, kSparse + 8, 1);
    put<std::uint64_t>(bytes, kEntry2 + 40, 14);
    follow_entry_2(bytes);
  };
  const auto unused_map = [=](Bytes& bytes) {
    second_map(bytes);
    put<std::uint32_t>(bytes, kSparse + 8, 0);
  };
  const auto fill = [](Bytes& bytes) {
    for (std::size_t row = 0; row < 3; ++row) put<std::uint32_t>(bytes, 0x380 + 4 * row, 7);
  };
  return {
      {"payload hash", set32(0x380, 5), Repair::kRoot, kIntegrity, "SHA-256 of the payload at byte 832 differs"},
      {"extended", append_word, Repair::kRoot, kMalformed, "the last payload ends at byte 908; the file has 912"},
      {"head padding", set32(kDense + 12, 1), Repair::kPayloadHashes, kMalformed, "layer 0): padding at byte 780: 1"},
      {"slot past the end", in_payload(set32(kSparse + 4, 1)), Repair::kPayloadHashes, kMalformed, "head 1: slot 1"},
      {"slot order",
       [=](Bytes& b) {
         second_map(b);
         put<std::uint32_t>(b, kSparse + 4, 1);
         put<std::uint32_t>(b, kSparse + 8, 0);
       },
       Repair::kPayloadHashes, kMalformed, "head 1: slot 1; allowed are 0 to 0 (first-use order)"},
      {"slot unused", unused_map, Repair::kPayloadHashes, kMalformed, "slots 2; the head table uses 1"},
      {"slots equal", second_map, Repair::kPayloadHashes, kMalformed, "slots 0 and 1 are equal; equal heads share"},
      {"stray bit", in_payload(set32(0x384, 15)), Repair::kPayloadHashes, kMalformed,
       "slot 0, row 1: a bit past the last column 2 is set"},
      {"full map", in_payload(fill), Repair::kCounts, kMalformed, "all bits are set; such a head is stored as dense"},
      {"popcount", in_payload(set64(kEntry2 + 40, 8)), Repair::kRoot, kMalformed, "popcount 8; the maps have 7"},
      {"kept too few", in_payload(set64(kEntry2 + 48, 267)), Repair::kDensity, kMalformed,
       "kept_work 267; the maps keep 268"},
  };
}

class MasksBroken : public testing::TestWithParam<BrokenCase> {};

TEST_P(MasksBroken, IsRefusedWithItsMessage) {
  const BrokenCase& broken = GetParam();
  Bytes bytes = test::encode(test::tiny_content());
  broken.damage(bytes);
  test::repair(bytes, broken.repaired);
  try {
    const MaskReader reader(bytes);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), broken.code) << error.what();
    EXPECT_NE(std::string(error.what()).find(broken.message), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("masks in memory"), std::string::npos) << error.what();
  }
}

std::string name_of(const testing::TestParamInfo<BrokenCase>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Header, MasksBroken, testing::ValuesIn(header_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Table, MasksBroken, testing::ValuesIn(table_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Payload, MasksBroken, testing::ValuesIn(payload_cases()), name_of);

/// Limits hold on both sides: the largest allowed value is taken.
TEST(MasksLimits, LargestValuesAreAccepted) {
  test::Content content = test::tiny_content();
  content.meta.model.head_dim = 1024;
  content.meta.model.family = std::string(32, 'x');
  content.meta.geometry.q_block = 65536;
  content.meta.geometry.k_block = 65536;
  for (auto& heads : content.sections) heads = std::vector<HeadMask>(3);
  const MaskReader reader(test::encode(content));
  EXPECT_EQ(reader.meta().geometry.rows(), 1);
  EXPECT_EQ(reader.meta().model.family.size(), 32U);
}

TEST(MasksLimits, MostHeadsAndTokens) {
  test::Content content = test::tiny_content();
  content.meta.model.heads = 4096;
  content.meta.grid = {1, 1, 67108863};
  content.meta.geometry = square_blocks(67108863, 65536);
  for (auto& heads : content.sections) heads = std::vector<HeadMask>(4096);
  EXPECT_DOUBLE_EQ(MaskReader(test::encode(content)).meta().global_density, 1.0);
  content.meta.grid.width = 67108864;
  content.meta.geometry = square_blocks(67108864, 65536);
  EXPECT_THROW((void)test::encode(content), Error);
}

}  // namespace
}  // namespace wean
