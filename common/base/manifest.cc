#include "common/base/manifest.h"

#include <sstream>

namespace wean {

std::string describe_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_a(a), lines_b(b);
  for (;;) {
    std::string line_a, line_b;
    const bool more_a = static_cast<bool>(std::getline(lines_a, line_a));
    const bool more_b = static_cast<bool>(std::getline(lines_b, line_b));
    if (!more_a && !more_b) return {};
    if (line_a != line_b) return "'" + (more_a ? line_a : "(end)") + "' against '" + (more_b ? line_b : "(end)") + "'";
  }
}

}  // namespace wean
