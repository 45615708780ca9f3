// Two owners would publish, or remove, the same temporary file.
#include "common/base/file.h"

#ifdef WRONG_CODE
void publish(wean::PendingFile file) { file.publish(); }
#else
void publish(wean::PendingFile& file) { file.publish(); }
#endif

void use(wean::PendingFile& file) { publish(file); }
