// The one error class of wean. Codes are grouped by what the caller can do about them and are the tools' exit codes.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace wean {

/// What went wrong, by what the user can do; the value is the exit code of the tool.
enum class ErrorCode : int {
  kUsage = 2,        ///< the command line or an option's value is wrong: correct it
  kMalformed = 3,    ///< an input file breaks its format's rules
  kIntegrity = 4,    ///< an input file does not match its own checksums
  kFingerprint = 5,  ///< a file was made from another model
  kIo = 6,           ///< reading or writing failed, or space ran out
  kResume = 7,       ///< an earlier run in the same place does not fit this one
  kLocked = 8,       ///< another process is writing the same output
  kNoGpu = 9,        ///< no GPU or driver
  kGpuMemory = 10,   ///< GPU memory ran out
  kNotFinite = 11,   ///< NaN or Inf in weights or statistics
  kSelfCheck = 12,   ///< wean's check of its own output failed
  kOutOfReach = 13,  ///< the asked target cannot be met; the message says the reachable range
  kStopped = 75,     ///< stopped by a signal; resumable
};

/// Thrown by everything in wean that can fail. `what()` is one line: file, field, value, what is allowed.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error{code} with the streamed parts as its message: `fail(ErrorCode::kMalformed, path, ": rank ", rank)`.
template <typename... Parts>
[[noreturn]] void fail(ErrorCode code, Parts&&... parts) {
  std::ostringstream text;
  (text << ... << std::forward<Parts>(parts));
  throw Error(code, text.str());
}

/// `fail` unless `condition` holds. Use for checks of input; never for programming errors.
template <typename... Parts>
void require(bool condition, ErrorCode code, Parts&&... parts) {
  if (!condition) fail(code, std::forward<Parts>(parts)...);
}

}  // namespace wean
