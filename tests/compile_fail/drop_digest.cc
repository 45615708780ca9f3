// A digest that nobody looks at checks nothing.
#include "common/base/digest.h"

void check(const wean::Digest& expected, bool& good) {
#ifdef WRONG_CODE
  wean::sha256("content");
#else
  good = wean::sha256("content") == expected;
#endif
}
