// Progress with ETA on stderr: a bar on a terminal, plain lines in a log. Never on stdout.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/progress.h"
#include "common/cli/units.h"

namespace wean::cli {

/// Where progress goes and what time it is; tests bring their own.
struct ProgressSink {
  using Clock = std::chrono::steady_clock;
  bool terminal = false;                        ///< a bar that overwrites itself, else lines
  int width = 80;                               ///< columns of the terminal
  std::function<void(std::string_view)> write;  ///< empty: nothing is shown
  std::function<Clock::time_point()> now = Clock::now;
};

/// stderr: a terminal when it is one.
[[nodiscard]] ProgressSink stderr_sink();

/// One task of known size. Thread-compatible. Lines in a log appear at most every 10 seconds and once at the end; the
/// bar moves at most ten times a second. The ETA assumes that the rest goes at the mean speed so far, counted from the
/// last update with nothing done: what reports 0 when it begins does not count its loading.
class Progress {
 public:
  Progress(std::string title, std::uint64_t total, bool quiet);
  /// The same into another sink.
  Progress(std::string title, std::uint64_t total, ProgressSink sink);
  /// Ends the line of an unfinished bar, so that an error message starts on its own.
  ~Progress();
  Progress(const Progress&) = delete;  // one bar, one owner
  Progress& operator=(const Progress&) = delete;
  /// `done` of `total` finished; `detail` is what is being worked on ("prompt 3/32 step 7/20").
  void update(std::uint64_t done, const std::string& detail);
  /// Says how long the whole task took.
  void finish();
  /// What a core reports to: takes total, done and detail from its events. Valid as long as this object.
  [[nodiscard]] ProgressCallback callback();

 private:
  void show(const std::string& text, bool last);
  [[nodiscard]] std::string line(std::uint64_t done, const std::string& detail) const;
  std::string title_;
  std::uint64_t total_;
  ProgressSink sink_;
  ProgressSink::Clock::time_point start_;
  ProgressSink::Clock::time_point begun_;
  ProgressSink::Clock::time_point shown_;
  bool open_line_ = false;
  bool finished_ = false;
};

}  // namespace wean::cli
