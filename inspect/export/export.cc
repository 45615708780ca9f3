#include "inspect/export/export.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/stop.h"
#include "inspect/export/npy.h"
#include "inspect/kind.h"
#include "schemas/masks/masks.h"

namespace wean::inspect {
namespace {

/// All heads of one section as bytes [heads, rows, cols].
std::vector<std::uint8_t> unpack_section(const MaskReader& masks, const SectionKey& key) {
  const BlockGeometry& geometry = masks.meta().geometry;
  std::vector<std::uint8_t> kept;
  kept.reserve(masks.meta().model.heads * static_cast<std::size_t>(geometry.pairs()));
  for (std::uint32_t head = 0; head < masks.meta().model.heads; ++head) {
    const auto bits = masks.bits(key, head);
    for (std::int64_t u = 0; u < geometry.rows(); ++u) {
      for (std::int64_t v = 0; v < geometry.cols(); ++v) {
        const auto word = static_cast<std::size_t>(u * geometry.words() + v / 32);
        kept.push_back(bits.empty() || ((bits[word] >> (v % 32)) & 1U) != 0 ? 1 : 0);
      }
    }
  }
  return kept;
}

struct Lists {
  std::vector<std::int32_t> counts, indices;
};

/// Kept columns of every row; with `padded` each row goes on with its dropped columns.
Lists lists_of(const std::vector<std::uint8_t>& kept, std::int64_t cols, bool padded) {
  Lists lists;
  const auto width = static_cast<std::size_t>(cols);
  for (std::size_t row = 0; row < kept.size(); row += width) {
    std::int32_t count = 0;
    for (const std::uint8_t wanted : {std::uint8_t{1}, std::uint8_t{0}}) {
      if (wanted == 0 && !padded) break;
      for (std::size_t v = 0; v < width; ++v) {
        if (kept[row + v] != wanted) continue;
        lists.indices.push_back(static_cast<std::int32_t>(v));
        count += wanted;
      }
    }
    lists.counts.push_back(count);
  }
  return lists;
}

std::string section_name(const SectionKey& key) {
  return "phase" + std::to_string(key.phase) + (key.branch == Branch::kConditional ? "-cond" : "-uncond") + "-expert" +
         std::to_string(key.expert) + "-layer" + std::to_string(key.layer);
}

/// What the files of a section are called, behind its name.
std::vector<std::string> endings(ExportForm form) {
  switch (form) {
    case ExportForm::kNpy:
      return {".npy"};
    case ExportForm::kLists:
      return {".counts.npy", ".indices.npy"};
    case ExportForm::kFlex:
      break;
  }
  return {".kv_num_blocks.npy", ".kv_indices.npy"};
}

class Exporter {
 public:
  explicit Exporter(const ExportRequest& request)
      : request_(request), masks_(request.file), endings_(endings(request.form)) {
    const BlockGeometry& geometry = masks_.meta().geometry;
    const std::int64_t heads = masks_.meta().model.heads;
    require(geometry.rows() <= kMaxSectionPairs / geometry.cols() / heads, ErrorCode::kUsage, request.file.string(),
            ": sections of ", heads, " heads of ", geometry.rows(), "x", geometry.cols(), " pairs; at most ",
            kMaxSectionPairs, " pairs can be exported");
  }

  [[nodiscard]] std::vector<SectionKey> keys() const {
    const MaskMeta& meta = masks_.meta();
    std::vector<SectionKey> keys;
    for (std::uint32_t phase = 0; phase < meta.phases.size(); ++phase) {
      for (std::uint32_t branch = 0; branch < meta.branches; ++branch) {
        for (std::uint32_t i = 0; i < meta.model.experts * meta.model.layers; ++i) {
          keys.push_back({phase, static_cast<Branch>(branch), i / meta.model.layers, i % meta.model.layers});
        }
      }
    }
    return keys;
  }

  void refuse_existing(const SectionKey& key) const {
    for (const std::string& ending : endings_) {
      const std::filesystem::path path = request_.folder / (section_name(key) + ending);
      require(!std::filesystem::exists(path), ErrorCode::kUsage, path.string(), ": exists; --force replaces it");
    }
  }

  void write(const SectionKey& key) {
    const std::vector<std::uint8_t> kept = unpack_section(masks_, key);
    const std::int64_t heads = masks_.meta().model.heads;
    const std::int64_t rows = masks_.meta().geometry.rows(), cols = masks_.meta().geometry.cols();
    const std::string name = section_name(key);
    if (request_.form == ExportForm::kNpy) {
      put(name + endings_[0], std::span(kept), {heads, rows, cols});
    } else {
      const bool flex = request_.form == ExportForm::kFlex;
      const Lists lists = lists_of(kept, cols, flex);
      using Shape = std::vector<std::int64_t>;
      const Shape listed = {static_cast<std::int64_t>(lists.indices.size())};
      put(name + endings_[0], std::span(lists.counts), flex ? Shape{1, heads, rows} : Shape{heads, rows});
      put(name + endings_[1], std::span(lists.indices), flex ? Shape{1, heads, rows, cols} : listed);
    }
    ++report_.sections;
  }

  [[nodiscard]] const ExportReport& report() const noexcept { return report_; }

 private:
  template <typename T>
  void put(const std::string& name, std::span<const T> values, const std::vector<std::int64_t>& shape) {
    const NpyFile array = npy_file(values, shape);
    if (!request_.dry_run) write_npy(request_.folder / name, array, request_.overwrite);
    report_.bytes += array.bytes();
    ++report_.files;
  }

  const ExportRequest& request_;
  MaskReader masks_;
  std::vector<std::string> endings_;
  ExportReport report_;
};

}  // namespace

ExportReport export_masks(const ExportRequest& request, const ProgressCallback& progress) {
  require(detect_kind(request.file) == Kind::kMasks, ErrorCode::kUsage, request.file.string(), ": holds no masks");
  Exporter exporter(request);
  const std::vector<SectionKey> keys = exporter.keys();
  if (!request.dry_run) {
    std::filesystem::create_directories(request.folder);
    if (!request.overwrite) std::for_each(keys.begin(), keys.end(), [&](auto& key) { exporter.refuse_existing(key); });
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    throw_if_stopped("run it again with --force");
    exporter.write(keys[i]);
    if (progress) progress({i + 1, keys.size(), section_name(keys[i])});
  }
  return exporter.report();
}

}  // namespace wean::inspect
