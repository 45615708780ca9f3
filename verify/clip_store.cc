#include "verify/clip_store.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/manifest.h"

namespace wean::verify {
namespace {

std::filesystem::path folder_of(const VerifyOptions& options) { return options.output / "finished"; }

constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

template <typename Visitor>
void visit(Closeness& c, const std::string& name, const Visitor& value) {
  value(name + ".psnr", c.psnr);
  value(name + ".ssim", c.ssim);
  value(name + ".flicker", c.flicker);
  value(name + ".latent_l2", c.latent_l2);
}

template <typename Visitor>
void visit(Seconds& s, const std::string& name, const Visitor& value) {
  value(name + ".attention_seconds", s.attention);
  value(name + ".rest_seconds", s.rest);
}

template <typename Visitor>
void visit(SparseClip& c, const std::string& name, const Visitor& value) {
  visit(c.closeness, name, value);
  visit(c.seconds, name, value);
  value(name + ".recall", c.recall.kept);
  value(name + ".oracle", c.recall.oracle);
  value(name + ".chance", c.recall.chance);
  value(name + ".global_density", c.global_density);
}

/// Every figure of a clip under a name, always in the same order: what is written and what is read cannot differ.
template <typename Visitor>
void visit(ClipReport& c, const Visitor& value) {
  visit(c.dense, "dense", value);
  for (std::size_t mask = 0; mask < c.sparse.size(); ++mask) visit(c.sparse[mask], fmt::format("mask{}", mask), value);
  if (c.ceiling) visit(*c.ceiling, "ceiling", value);
  if (c.blurred) visit(*c.blurred, "blurred", value);
  if (c.still) visit(*c.still, "held_still", value);
  if (c.other_seed) visit(*c.other_seed, "other_seed", value);
}

std::string text_of(ClipReport report) {
  std::string text;
  visit(report, [&](const std::string& name, double value) { text += fmt::format("{}: {}\n", name, value); });
  return text;
}

/// Takes the value of the next line, which must be called `name`.
double next_value(std::istringstream& lines, const std::string& name, const std::string& where) {
  std::string line;
  std::getline(lines, line);
  const std::string start = name + ": ";
  double value = 0;
  const char* end = line.data() + line.size();
  const bool named = line.starts_with(start);
  const auto parsed = named ? std::from_chars(line.data() + start.size(), end, value) : std::from_chars_result{};
  require(named && parsed.ec == std::errc() && parsed.ptr == end, ErrorCode::kMalformed, where, ": line '", line,
          "'; expected '", name, ": <number>'");
  return value;
}

}  // namespace

ClipStore::ClipStore(const VerifyOptions& options, const std::string& run)
    : folder_(folder_of(options)),
      masks_(options.masks.size()),
      ceiling_(options.ceiling),
      floors_(options.floors),
      decode_(options.decode) {
  if (options.force && !options.resume) forget_finished_clips(options);
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  require(!problem, ErrorCode::kIo, folder_.string(), ": cannot create the folder: ", problem.message());
  const std::filesystem::path manifest = folder_ / "manifest.txt";
  const bool earlier = std::filesystem::exists(manifest);
  require(!earlier || options.resume, ErrorCode::kUsage, folder_.string(),
          ": holds finished clips of an earlier run; --resume continues it, --force starts again");
  if (!earlier) publish_text(manifest, run, Overwrite::kRefuse);
  const std::string difference = describe_difference(read_text(manifest, kMaxBytes), run);
  require(difference.empty(), ErrorCode::kResume, manifest.string(), ": this is another run: ", difference);
}

std::filesystem::path ClipStore::path_of(std::size_t number) const {
  return folder_ / fmt::format("clip{:04}.txt", number);
}

std::filesystem::path ClipStore::latents_path(std::size_t number) const {
  return folder_ / fmt::format("clip{:04}.safetensors", number);
}

std::optional<ClipReport> ClipStore::find(std::size_t number) const {
  const std::filesystem::path path = path_of(number);
  if (!std::filesystem::exists(path)) return {};
  ClipReport report;
  report.sparse.resize(masks_);
  if (ceiling_) report.ceiling.emplace();
  if (floors_) report.other_seed.emplace();
  if (floors_ && decode_) report.blurred.emplace(), report.still.emplace();
  std::istringstream lines(read_text(path, kMaxBytes));
  visit(report, [&](const std::string& name, double& value) { value = next_value(lines, name, path.string()); });
  return report;
}

void ClipStore::keep(std::size_t number, const ClipReport& report) const {
  publish_text(path_of(number), text_of(report), Overwrite::kReplace);
}

void forget_finished_clips(const VerifyOptions& options) {
  const std::filesystem::path folder = folder_of(options);
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
  require(!problem, ErrorCode::kIo, folder.string(), ": cannot remove the folder: ", problem.message());
}

}  // namespace wean::verify
