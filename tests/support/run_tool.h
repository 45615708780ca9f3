// Runs a built tool as a user does and returns what it said.
#pragma once
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

namespace wean::testing {

struct ToolResult {
  int code = 0;  ///< exit code, or minus the signal
  std::string out, err;
};

/// `environment` holds NAME=value strings that are added.
[[nodiscard]] inline ToolResult run_tool(const std::string& tool, const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& environment = {}) {
  const TempDir folder;
  const std::string out = folder / "out", err = folder / "err";
  const int code = run_child([&] {
    const auto redirect = [](const std::string& path, int target) {
      ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), target);
    };
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    for (const auto& entry : environment)
      ::setenv(entry.substr(0, entry.find('=')).c_str(), entry.substr(entry.find('=') + 1).c_str(), 1);
    std::vector<char*> argv{const_cast<char*>(tool.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(tool.c_str(), argv.data());
    return 127;
  });
  return {code, slurp(out), slurp(err)};
}

}  // namespace wean::testing
