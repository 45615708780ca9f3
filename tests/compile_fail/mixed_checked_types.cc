// Sums of two types would convert one of them silently before the check.
#include <cstdint>

#include "common/base/checked.h"

bool fits(std::uint64_t offset, std::int64_t length) {
#ifdef WRONG_CODE
  return wean::checked_add(offset, length).has_value();
#else
  return length >= 0 && wean::checked_add(offset, static_cast<std::uint64_t>(length)).has_value();
#endif
}
