// Progress with ETA on stderr: a bar on a terminal, plain lines in a log. Never on stdout.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace wean::cli {

/// One task of known size. Thread-compatible. Lines in a log appear at most every 10 seconds and once at the end.
class Progress {
 public:
  Progress(std::string title, std::uint64_t total, bool quiet);
  /// `done` of `total` finished; `detail` is what is being worked on ("prompt 3/32 step 7/20").
  void update(std::uint64_t done, const std::string& detail);
  void finish();

 private:
  void show(std::uint64_t done, const std::string& detail, bool last);
  std::string title_;
  std::uint64_t total_;
  bool quiet_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point shown_;
};

/// "3 s", "2 min 05 s", "1 h 12 min".
[[nodiscard]] std::string format_seconds(double seconds);
/// "512 B", "1.7 MB", "3.4 GB" (powers of 1000).
[[nodiscard]] std::string format_bytes(double bytes);

}  // namespace wean::cli
