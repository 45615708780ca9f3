#include "common/base/version.h"

namespace wean {

const char* version() noexcept { return WEAN_VERSION; }

}  // namespace wean
