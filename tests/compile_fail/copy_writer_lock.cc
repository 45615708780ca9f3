// Releasing a copy would let another writer in.
#include "common/base/file.h"

#ifdef WRONG_CODE
void work_under(wean::WriterLock) {}
#else
void work_under(const wean::WriterLock&) {}
#endif

void use(const wean::WriterLock& lock) { work_under(lock); }
