#include "pack/target.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace wean::pack {
namespace {

constexpr std::int64_t kMaxNumber = 1'000'000;
constexpr std::int64_t kMaxTokens = std::int64_t{1} << 24;
/// Some 3 GB of scores and ranks for each head in work; blocks of 16 on the 118,800 tokens of HunyuanVideo fit.
constexpr std::int64_t kMaxPairs = std::int64_t{1} << 26;

/// `count` numbers joined by 'x', each 1 to kMaxNumber; empty when the text is anything else.
std::vector<std::int64_t> parse_numbers(std::string_view text, std::size_t count) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (numbers.size() < count) {
    std::int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    const bool last = numbers.size() + 1 == count;
    if (error != std::errc{} || value < 1 || value > kMaxNumber || (next == end) != last) return {};
    if (!last && *next != 'x') return {};
    numbers.push_back(value);
    at = last ? next : next + 1;
  }
  return numbers;
}

std::vector<std::int64_t> require_numbers(const std::string& text, std::size_t count, const char* option,
                                          const char* form) {
  const auto numbers = parse_numbers(text, count);
  require(!numbers.empty(), ErrorCode::kUsage, option, " '", text, "': expected ", form, " with numbers from 1 to ",
          kMaxNumber);
  return numbers;
}

/// Pixels a token along one spatial axis.
std::int64_t pixel_stride(std::int64_t pixels, std::int64_t tokens, const char* axis) {
  require(tokens > 0 && pixels > 0 && pixels % tokens == 0, ErrorCode::kUsage, "--size: the profile's ", axis, " of ",
          pixels, " pixels over ", tokens, " tokens shows no stride; give --grid TxHxW");
  return pixels / tokens;
}

std::int64_t tokens_of_pixels(std::int64_t pixels, std::int64_t stride, const char* axis) {
  require(pixels % stride == 0, ErrorCode::kUsage, "--size: ", axis, " ", pixels, " is no multiple of ", stride,
          " pixels, the size of a token; nearest: ", std::max(stride, pixels / stride * stride), " and ",
          (pixels / stride + 1) * stride);
  return pixels / stride;
}

std::int64_t tokens_of_frames(std::int64_t frames, const ProfileMeta& profile) {
  const std::int64_t steps = profile.grid.frames - 1;
  const std::int64_t pixels = profile.recipe.frames - 1;
  require(steps > 0 && pixels % steps == 0, ErrorCode::kUsage, "--frames: the profile's ", profile.recipe.frames,
          " frames over ", profile.grid.frames, " tokens show no stride; give --grid TxHxW");
  const std::int64_t stride = pixels / steps;
  require(frames >= 1 && (frames - 1) % stride == 0, ErrorCode::kUsage, "--frames ", frames,
          ": expected 1 + a multiple of ", stride, ", such as ", (frames - 1) / stride * stride + 1);
  return (frames - 1) / stride + 1;
}

Grid resolve_grid(const TargetRequest& request, const ProfileMeta& profile) {
  require(!request.grid || (!request.size && !request.frames), ErrorCode::kUsage,
          "--grid excludes --size and --frames: both say how many tokens there are");
  Grid grid = request.grid.value_or(profile.grid);
  if (request.size) {
    const auto rows = pixel_stride(profile.recipe.height, profile.grid.height, "height");
    const auto cols = pixel_stride(profile.recipe.width, profile.grid.width, "width");
    grid.height = tokens_of_pixels(request.size->height, rows, "height");
    grid.width = tokens_of_pixels(request.size->width, cols, "width");
  }
  if (request.frames) grid.frames = tokens_of_frames(*request.frames, profile);
  return grid;
}

}  // namespace

PixelSize parse_size(const std::string& text, const char* option) {
  const auto numbers = require_numbers(text, 2, option, "WIDTHxHEIGHT in pixels");
  return {numbers[0], numbers[1]};
}

BlockSize parse_block(const std::string& text, const char* option) {
  const auto numbers = require_numbers(text, 2, option, "QUERYxKEY in tokens");
  return {numbers[0], numbers[1]};
}

Grid parse_grid(const std::string& text, const char* option) {
  const auto numbers = require_numbers(text, 3, option, "FRAMESxHEIGHTxWIDTH in tokens");
  return {numbers[0], numbers[1], numbers[2]};
}

Target resolve_target(const TargetRequest& request, const ProfileMeta& profile) {
  const Grid grid = resolve_grid(request, profile);
  require(grid.frames <= kMaxTokens / grid.height / grid.width, ErrorCode::kUsage, "target grid ", to_string(grid),
          ": more than ", kMaxTokens, " tokens");
  const std::int64_t base = profile.block;
  const BlockSize block = request.block.value_or(BlockSize{base, base});
  const BlockGeometry geometry{grid.tokens(), grid.tokens(), block.query, block.key};
  require(geometry.pairs() <= kMaxPairs, ErrorCode::kUsage, "--block ", block.query, "x", block.key, ": ",
          geometry.pairs(), " pairs of blocks on grid ", to_string(grid), "; at most ", kMaxPairs,
          " are allowed: use larger blocks");
  return {grid, geometry};
}

}  // namespace wean::pack
