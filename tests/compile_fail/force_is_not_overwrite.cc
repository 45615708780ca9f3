// A bare bool does not say what happens to an existing file.
#include "common/base/file.h"

void publish(bool force) {
#ifdef WRONG_CODE
  wean::publish_text("out", "content", force);
#else
  wean::publish_text("out", "content", force ? wean::Overwrite::kReplace : wean::Overwrite::kRefuse);
#endif
}
