// Files whose checksums were made right again after a change: refused, or canonical (they encode to the same bytes).
// Two million random mutants more, all others than those of the test run, under AddressSanitizer and UBSan:
//   WEAN_MUTANTS=2000000 WEAN_MUTANT_SEED=1 build/asan/bin/masks_test --gtest_filter='*MutantRandom*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "common/base/error.h"
#include "tests/schemas/masks/patch.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

using test::Bytes;
using test::Repair;

/// True when the reader accepts; an accepted file must encode to its own bytes. A later minor version is read but not
/// written by this wean.
bool accepted_and_canonical(const Bytes& bytes) {
  std::optional<test::Content> content;
  try {
    content = test::content_of(MaskReader(bytes));
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::kMalformed || error.code() == ErrorCode::kIntegrity) << error.what();
    return false;
  }
  if (test::get<std::uint16_t>(bytes, 10) == 0) {
    EXPECT_EQ(test::encode(*content), bytes);
  }
  return true;
}

Repair level_for(std::uint64_t number) { return static_cast<Repair>(1 + number % 4); }

TEST(MasksMutant, BoundaryValuesInEveryField) {
  const Bytes original = test::encode(test::tiny_content());
  int accepted = 0;
  for (const test::IntegerField& field : test::integer_fields(original)) {
    for (const std::uint64_t value : test::boundary_values(original, field)) {
      for (std::uint64_t level = 0; level < 4; ++level) {
        Bytes bytes = original;
        test::put_integer(bytes, field, value);
        test::repair(bytes, level_for(level));
        accepted += accepted_and_canonical(bytes) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(accepted, 20);
}

TEST(MasksMutant, BoundaryValuesInPairs) {
  const Bytes original = test::encode(test::tiny_content());
  const auto fields = test::integer_fields(original);
  std::mt19937_64 random(7);
  int accepted = 0;
  for (std::size_t a = 0; a < fields.size(); ++a) {
    for (std::size_t b = a + 1; b < fields.size(); ++b) {
      const auto first = test::boundary_values(original, fields[a]);
      const auto second = test::boundary_values(original, fields[b]);
      for (int draw = 0; draw < 30; ++draw) {
        Bytes bytes = original;
        test::put_integer(bytes, fields[a], first[random() % first.size()]);
        test::put_integer(bytes, fields[b], second[random() % second.size()]);
        test::repair(bytes, level_for(random()));
        accepted += accepted_and_canonical(bytes) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(accepted, 100);
}

/// One random change of structure; `random` decides which and where.
class Mutator {
 public:
  /// Places are looked up in the unchanged file.
  Mutator(std::mt19937_64& random, const Bytes& original) : random_(random), original_(original) {}

  void change(Bytes& bytes) {
    switch (random_() % 9) {
      case 0:
        return set_field(bytes);
      case 1:
        return flip_bit(bytes, 0, bytes.size());
      case 2:
        return flip_bit(bytes, first_payload(), bytes.size());
      case 3:
        return set_slot(bytes);
      case 4:
        return copy_range(bytes, entry(), entry(), 96);
      case 5:
        return copy_range(bytes, entry() + 24, entry() + 24, 72);
      case 6:
        return move_tail(bytes);
      case 7:
        return copy_map(bytes);
      default:
        return flip_bit(bytes, 128, 320);
    }
  }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }
  std::size_t entry() { return test::entry_at(original_, below(test::get<std::uint32_t>(original_, 32))); }
  [[nodiscard]] std::size_t first_payload() const {
    return test::get<std::uint64_t>(original_, test::entry_at(original_, 0) + 24);
  }
  static void copy_range(Bytes& bytes, std::size_t from, std::size_t to, std::size_t length) {
    if (from + length > bytes.size() || to + length > bytes.size()) return;
    std::memmove(bytes.data() + to, bytes.data() + from, length);
  }

  void set_field(Bytes& bytes) {
    const auto fields = test::integer_fields(original_);
    const test::IntegerField field = fields[below(fields.size())];
    const auto values = test::boundary_values(original_, field);
    test::put_integer(bytes, field, values[below(values.size())]);
  }
  void flip_bit(Bytes& bytes, std::size_t begin, std::size_t end) {
    if (begin < end) bytes[begin + below(end - begin)] ^= static_cast<std::byte>(1U << below(8));
  }
  void set_slot(Bytes& bytes) {
    const std::size_t table = test::get<std::uint64_t>(original_, entry() + 24);
    const std::size_t at = table + 4 * below(test::get<std::uint32_t>(original_, 64));
    const std::uint32_t slots[] = {0, 1, 2, 3, 4, 0xFFFFFFFF, 0xFFFFFFFE, 0x80000000};
    if (at + 4 <= bytes.size()) test::put(bytes, at, slots[below(8)]);
  }
  /// Inserts or removes bytes somewhere behind the tables and says so in the header.
  void move_tail(Bytes& bytes) {
    if (bytes.size() <= first_payload()) return;
    const std::size_t at = first_payload() + below(bytes.size() - first_payload());
    const std::size_t count = std::min<std::size_t>(std::size_t{64} << below(4), bytes.size() - at);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    if (random_() % 2 == 0) {
      bytes.insert(place, count, std::byte{0});
    } else {
      bytes.erase(place, place + static_cast<std::ptrdiff_t>(count));
    }
    test::put<std::uint64_t>(bytes, 16, bytes.size());
  }
  /// Makes two stretches of the payloads equal, of the length of one map of the golden file.
  void copy_map(Bytes& bytes) {
    const std::size_t begin = first_payload() + 64;
    constexpr std::size_t kMap = 80 * 3 * 4;
    copy_range(bytes, begin + kMap * below(8), begin + kMap * below(8), kMap);
  }

  std::mt19937_64& random_;
  const Bytes& original_;
};

/// A number from the environment.
long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtol(text, nullptr, 10) : otherwise;
}

constexpr int kParts = 8;  ///< that run beside each other, each with mutants of its own

class MasksMutantRandom : public testing::TestWithParam<int> {};

TEST_P(MasksMutantRandom, RefusedOrCanonical) {
  const long count = setting("WEAN_MUTANTS", 200'000) / kParts;
  const Bytes samples[] = {test::encode(test::tiny_content()), test::encode(test::golden_content())};
  std::mt19937_64 random(static_cast<std::uint64_t>(setting("WEAN_MUTANT_SEED", 0) * kParts + GetParam()));
  long accepted = 0;
  for (long i = 0; i < count; ++i) {
    const Bytes& original = samples[random() % 4 == 0 ? 1 : 0];
    Bytes bytes = original;
    Mutator mutator(random, original);
    mutator.change(bytes);
    if (random() % 4 == 0) mutator.change(bytes);
    test::repair(bytes, level_for(random()));
    accepted += accepted_and_canonical(bytes) ? 1 : 0;
    ASSERT_FALSE(HasFailure()) << "mutant " << i;
  }
  EXPECT_GT(accepted, count / 20);
  EXPECT_LT(accepted, count * 3 / 4);
  RecordProperty("accepted", std::to_string(accepted));
}

INSTANTIATE_TEST_SUITE_P(Parts, MasksMutantRandom, testing::Range(0, kParts));

}  // namespace
}  // namespace wean
