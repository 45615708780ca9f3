// Counting values that differ, and where they differ most.
#pragma once
#include <cmath>
#include <functional>
#include <span>
#include <string>

#include "inspect/diff/diff.h"

namespace wean::inspect {

/// Adds to `difference` what differs between `a` and `b`, which are equally long; `where(i)` names value i.
inline void compare_values(std::span<const double> a, std::span<const double> b,
                           const std::function<std::string(std::size_t)>& where, ValueDifference& difference) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    ++difference.count;
    const double size = std::abs(a[i] - b[i]);
    if (difference.largest && size <= *difference.largest) continue;
    difference.largest = size;
    difference.where = where(i);
  }
}

}  // namespace wean::inspect
