#include "models/text/prefix_index.h"

#include <algorithm>

namespace wean::models {
namespace {

/// Byte `at` of a word, -1 behind its end: the order in which strings are sorted.
int byte_at(const PrefixIndex::Entry& entry, std::size_t at) noexcept {
  return at < entry.first.size() ? static_cast<unsigned char>(entry.first[at]) : -1;
}

}  // namespace

PrefixIndex::PrefixIndex(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
  for (Entry& entry : entries) {
    if (!entries_.empty() && entries_.back().first == entry.first) {
      entries_.back().second = entry.second;
    } else {
      entries_.push_back(std::move(entry));
    }
  }
  for (std::size_t byte = 0; byte < by_first_.size(); ++byte) {
    const auto below = [byte](const Entry& entry) { return byte_at(entry, 0) < static_cast<int>(byte); };
    by_first_[byte] =
        static_cast<std::size_t>(std::partition_point(entries_.begin(), entries_.end(), below) - entries_.begin());
  }
}

std::int64_t PrefixIndex::find(std::string_view word) const {
  const auto found = std::ranges::lower_bound(entries_, word, std::less<std::string_view>(), &Entry::first);
  return found != entries_.end() && found->first == word ? found->second : -1;
}

PrefixIndex::Range PrefixIndex::narrowed(Range range, std::string_view text, std::size_t length) const {
  const auto byte = static_cast<unsigned char>(text[length - 1]);
  if (length == 1) return {by_first_[byte], by_first_[std::size_t{byte} + 1]};
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(range.low);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(range.high);
  const auto key = [length](const Entry& entry) { return byte_at(entry, length - 1); };
  const auto equal = std::ranges::equal_range(begin, end, int{byte}, {}, key);
  return {static_cast<std::size_t>(equal.begin() - entries_.begin()),
          static_cast<std::size_t>(equal.end() - entries_.begin())};
}

}  // namespace wean::models
