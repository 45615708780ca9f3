#include "common/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace wean::cli {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr auto kLogInterval = std::chrono::seconds(10);
constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr std::size_t kBarColumns = 20;

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  return "[" + std::string(filled, '=') + std::string(kBarColumns - filled, ' ') + "]";
}

void write_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressSink stderr_sink() {
  ProgressSink sink;
  sink.terminal = ::isatty(STDERR_FILENO) == 1;
  winsize size = {};
  if (sink.terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) sink.width = size.ws_col;
  sink.write = write_stderr;
  return sink;
}

Progress::Progress(std::string title, std::uint64_t total, bool quiet)
    : Progress(std::move(title), total, quiet ? ProgressSink{} : stderr_sink()) {}

Progress::Progress(std::string title, std::uint64_t total, ProgressSink sink)
    : title_(std::move(title)),
      total_(total),
      sink_(std::move(sink)),
      start_(sink_.now()),
      begun_(start_),
      shown_(start_) {}

Progress::~Progress() {
  if (open_line_) sink_.write("\n");
}

void Progress::update(std::uint64_t done, const std::string& detail) {
  const auto now = sink_.now();
  if (done == 0) begun_ = now;
  if (!sink_.write || finished_) return;
  if (sink_.terminal ? open_line_ && now - shown_ < kBarInterval : now - shown_ < kLogInterval) return;
  shown_ = now;
  show(line(done, detail), false);
}

void Progress::finish() {
  if (!sink_.write || finished_) return;
  finished_ = true;
  show(title_ + ": done in " + format_seconds(Seconds(sink_.now() - start_).count()), true);
}

ProgressCallback Progress::callback() {
  return [this](const ProgressEvent& event) {
    total_ = event.total;
    update(event.done, event.detail);
  };
}

std::string Progress::line(std::uint64_t done, const std::string& detail) const {
  const double elapsed = Seconds(sink_.now() - begun_).count();
  const double share = total_ == 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  std::string text = title_ + (sink_.terminal ? " " + bar(share) : ":");
  text += fmt::format(" {:3.0f} %", 100 * share);
  text += sink_.terminal ? "" : fmt::format(" ({}/{})", done, total_);
  text += share > 0 && share < 1 ? ", ETA " + format_seconds(elapsed / share - elapsed) : "";
  return detail.empty() ? text : text + ", " + detail;
}

void Progress::show(const std::string& text, bool last) {
  if (!sink_.terminal) return sink_.write(text + "\n");
  // A line wider than the terminal would wrap and could not be overwritten.
  const std::size_t columns = static_cast<std::size_t>(std::max(sink_.width, 2)) - 1;
  sink_.write("\r" + text.substr(0, columns) + "\x1b[K" + (last ? "\n" : ""));
  open_line_ = !last;
}

}  // namespace wean::cli
