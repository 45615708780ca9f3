#include "common/cli/run_main.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <new>

#include "common/base/error.h"
#include "common/base/stop.h"
#include "common/base/version.h"

namespace wean::cli {
namespace {

constexpr int kInternalError = 70;
constexpr const char* kExitCodes =
    "Exit codes: 0 ok, 2 usage, 3 malformed input, 4 integrity, 5 fingerprint, 6 input/output, space or memory,\n"
    "7 resume does not fit, 8 locked, 9 no GPU, 10 GPU memory, 11 NaN or Inf, 12 self-check, 13 target out of reach,\n"
    "70 internal error, 75 stopped by a signal (resumable).";

int report_error(const Tool& tool, int code, std::string message) {
  // Messages quote what files say: control characters would break the one line or drive the terminal.
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  fmt::print(stderr, "{}: error: {}\n", tool.name, message);
  if (code == static_cast<int>(ErrorCode::kUsage)) fmt::print(stderr, "see {} --help\n", tool.name);
  return code;
}

void write_stdout(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  require(written, ErrorCode::kIo, "stdout: cannot write the result");
}

void parse_and_run(const Tool& tool, int argc, char** argv) {
  CLI::App app(tool.description, tool.name);
  app.set_version_flag("--version", fmt::format("{} {}", tool.name, version()), "Print the version and exit");
  app.option_defaults()->always_capture_default();
  app.get_formatter()->column_width(34);
  app.footer(kExitCodes);
  tool.declare(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help and --version
    std::ostringstream text;
    app.exit(asked, text, text);
    return write_stdout(text.str());
  } catch (const CLI::ParseError& error) {
    fail(ErrorCode::kUsage, error.what());
  }
  write_stdout(tool.run());
}

}  // namespace

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_flag("--json", options.json, "Print the result on stdout as JSON")->always_capture_default(false);
  app.add_flag("--dry-run", options.dry_run, "Say time, memory and bytes, then stop")->always_capture_default(false);
  app.add_flag("--force", options.force, "Replace output that exists")->always_capture_default(false);
  app.add_flag("--quiet", options.quiet, "No progress on stderr")->always_capture_default(false);
}

int run_main(const Tool& tool, int argc, char** argv) {
  install_stop_handlers();
  try {
    parse_and_run(tool, argc, argv);
    return 0;
  } catch (const Error& error) {
    return report_error(tool, static_cast<int>(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return report_error(tool, static_cast<int>(ErrorCode::kIo), "out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return report_error(tool, static_cast<int>(ErrorCode::kIo), error.what());
  } catch (const std::exception& error) {
    return report_error(tool, kInternalError, fmt::format("internal error, a bug in {}: {}", tool.name, error.what()));
  } catch (...) {
    return report_error(tool, kInternalError, fmt::format("internal error, a bug in {}: unknown exception", tool.name));
  }
}

}  // namespace wean::cli
