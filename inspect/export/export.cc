#include "inspect/export/export.h"

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

class Exporter {
 public:
  explicit Exporter(const ExportRequest& request) : request_(request), masks_(request.file) {}

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

  void write(const SectionKey& key) {
    const std::vector<std::uint8_t> kept = unpack_section(masks_, key);
    const BlockGeometry& geometry = masks_.meta().geometry;
    const std::int64_t heads = masks_.meta().model.heads;
    const std::string name = section_name(key);
    if (request_.form == ExportForm::kNpy) {
      put(name + ".npy", std::span(kept), {heads, geometry.rows(), geometry.cols()});
    } else if (request_.form == ExportForm::kLists) {
      const Lists lists = lists_of(kept, geometry.cols(), false);
      put(name + ".counts.npy", std::span(lists.counts), {heads, geometry.rows()});
      put(name + ".indices.npy", std::span(lists.indices), {static_cast<std::int64_t>(lists.indices.size())});
    } else {
      const Lists lists = lists_of(kept, geometry.cols(), true);
      put(name + ".kv_num_blocks.npy", std::span(lists.counts), {1, heads, geometry.rows()});
      put(name + ".kv_indices.npy", std::span(lists.indices), {1, heads, geometry.rows(), geometry.cols()});
    }
    ++report_.sections;
  }

  [[nodiscard]] const ExportReport& report() const noexcept { return report_; }

 private:
  template <typename T>
  void put(const std::string& name, std::span<const T> values, const std::vector<std::int64_t>& shape) {
    write_npy(request_.folder / name, values, shape, request_.overwrite);
    report_.bytes += std::filesystem::file_size(request_.folder / name);
    ++report_.files;
  }

  const ExportRequest& request_;
  MaskReader masks_;
  ExportReport report_;
};

}  // namespace

ExportReport export_masks(const ExportRequest& request, const ProgressCallback& progress) {
  require(detect_kind(request.file) == Kind::kMasks, ErrorCode::kUsage, request.file.string(), ": holds no masks");
  Exporter exporter(request);
  std::filesystem::create_directories(request.folder);
  const std::vector<SectionKey> keys = exporter.keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    throw_if_stopped("run it again with --force");
    exporter.write(keys[i]);
    if (progress) progress({i + 1, keys.size(), section_name(keys[i])});
  }
  return exporter.report();
}

}  // namespace wean::inspect
