// A dictionary that is asked which of its words a text begins with: pieces of a vocabulary, added tokens.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wean::models {

/// Immutable. A look-up takes time by the longest match (at most the longest word), hardly by the number of words.
class PrefixIndex {
 public:
  using Entry = std::pair<std::string, std::int64_t>;

  PrefixIndex() = default;
  /// Words with a number of 0 or more each. Of equal words the last one counts.
  explicit PrefixIndex(std::vector<Entry> entries);

  /// The number of `word`, -1 when it is not there.
  [[nodiscard]] std::int64_t find(std::string_view word) const;

  /// Calls found(length, number) for every word, but the empty one, that `text` begins with; short ones first.
  template <typename Found>
  void each_prefix(std::string_view text, const Found& found) const {
    Range range{0, entries_.size()};
    for (std::size_t length = 1; length <= text.size(); ++length) {
      range = narrowed(range, text, length);
      if (range.low == range.high) return;
      const Entry& shortest = entries_[range.low];
      if (shortest.first.size() == length) found(length, shortest.second);
    }
  }

 private:
  /// Entries [low, high).
  struct Range {
    std::size_t low, high;
  };
  /// Of the entries that begin with the first length - 1 bytes of `text`, those that begin with `length` of them.
  [[nodiscard]] Range narrowed(Range range, std::string_view text, std::size_t length) const;

  std::vector<Entry> entries_;               // sorted
  std::array<std::size_t, 257> by_first_{};  // entry where the words that begin with each byte start
};

}  // namespace wean::models
