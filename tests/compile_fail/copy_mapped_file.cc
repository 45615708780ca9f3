// Two owners would unmap the same bytes twice.
#include <utility>

#include "common/base/file.h"

wean::MappedFile hand_over(wean::MappedFile& file) {
#ifdef WRONG_CODE
  return file;
#else
  return std::move(file);
#endif
}
