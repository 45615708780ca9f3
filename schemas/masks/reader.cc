#include <algorithm>
#include <atomic>
#include <map>
#include <utility>
#include <variant>

#include "common/base/checked.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "schemas/masks/head.h"
#include "schemas/masks/layout.h"
#include "schemas/masks/masks.h"
#include "schemas/masks/parallel.h"
#include "schemas/masks/payload.h"

namespace wean {

struct MaskReader::Impl {
  using Bytes = std::variant<std::vector<std::byte>, MappedFile, FileCopy>;

  Impl(std::string name, Bytes content) : file(std::move(name)), holder(std::move(content)) {
    if (const auto* copy = std::get_if<std::vector<std::byte>>(&holder)) bytes = *copy;
    if (const auto* map = std::get_if<MappedFile>(&holder)) bytes = map->bytes();
    if (const auto* copy = std::get_if<FileCopy>(&holder)) bytes = copy->bytes();
    head = masks::decode_head(bytes, file);
    find_payloads();
  }

  /// Sections that share a payload share its proof.
  void find_payloads() {
    std::map<std::uint64_t, std::size_t> seen;
    for (std::size_t i = 0; i < head.sections.size(); ++i) {
      const auto [found, fresh] = seen.try_emplace(head.sections[i].offset, owners.size());
      if (fresh) owners.push_back(i);
      payload_of.push_back(found->second);
    }
    proven = std::vector<std::atomic<bool>>(owners.size());
  }

  [[nodiscard]] masks::PayloadView view(std::size_t section) const {
    const masks::SectionEntry& entry = head.sections[section];
    return {bytes.subspan(entry.offset, entry.bytes), head.meta};
  }

  /// Two threads may prove the same payload at once; both come to the same end.
  void prove(std::size_t payload) const {
    if (proven[payload].load(std::memory_order_acquire)) return;
    const std::size_t section = owners[payload];
    view(section).prove(head.sections[section], file, section);
    proven[payload].store(true, std::memory_order_release);
  }

  void prove_all() const { prove_sections(0, head.sections.size()); }

  /// The payloads of sections [begin, end).
  void prove_sections(std::size_t begin, std::size_t end) const {
    std::vector<std::size_t> payloads;
    std::uint64_t size = 0;
    for (std::size_t section = begin; section < end; ++section) {
      const std::size_t payload = payload_of[section];
      if (proven[payload].load(std::memory_order_acquire)) continue;
      if (owners[payload] != section && owners[payload] >= begin) continue;  // an earlier one of these sections has it
      payloads.push_back(payload);
      size += head.sections[section].bytes;
    }
    const bool worth_threads = size >= (std::uint64_t{4} << 20);
    masks::for_each_index(payloads.size(), worth_threads, [&](std::size_t i) { prove(payloads[i]); });
  }

  [[nodiscard]] std::size_t checked_index(const SectionKey& key) const {
    const auto check = [this](const char* field, std::uint64_t value, std::uint64_t count) {
      require(value < count, ErrorCode::kUsage, file, ": ", field, " ", value, "; allowed are 0 to ", count - 1);
    };
    check("phase", key.phase, head.meta.phases.size());
    check("branch", static_cast<std::uint64_t>(key.branch), head.meta.branches);
    check("expert", key.expert, head.meta.model.experts);
    check("layer", key.layer, head.meta.model.layers);
    return masks::section_index(head.meta, key);
  }

  std::string file;
  Bytes holder;
  std::span<const std::byte> bytes;
  masks::FileHead head;
  std::vector<std::size_t> payload_of;  ///< payload of each section
  std::vector<std::size_t> owners;      ///< first section of each payload
  mutable std::vector<std::atomic<bool>> proven;
};

namespace {

/// The whole file, its header checked before memory is taken.
FileCopy copy_of(const std::filesystem::path& path) {
  FileCopy copy(path, masks::kMaxFileBytes);
  const std::vector<std::byte> start = copy.start(masks::kHeaderBytes);
  masks::check_start(start, copy.size(), path.string());
  copy.begin(start);
  constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;
  const std::uint64_t rest = copy.size() - start.size();
  const auto pieces = static_cast<std::size_t>(ceil_div(rest, kPiece));
  masks::for_each_index(pieces, pieces > 1, [&](std::size_t i) {
    const std::uint64_t first = i * kPiece;
    copy.read(start.size() + first, std::min(kPiece, rest - first));
  });
  return copy;
}

}  // namespace

MaskReader::MaskReader(const std::filesystem::path& path, VerifyMode verify, Residence residence) {
  if (residence == Residence::kMap) {
    impl_ = std::make_unique<Impl>(path.string(), MappedFile(path, masks::kMaxFileBytes));
  } else {
    impl_ = std::make_unique<Impl>(path.string(), copy_of(path));
  }
  if (verify == VerifyMode::kFull) impl_->prove_all();
}

MaskReader::MaskReader(std::span<const std::byte> bytes)
    : impl_(std::make_unique<Impl>("masks in memory", std::vector<std::byte>(bytes.begin(), bytes.end()))) {
  impl_->prove_all();
}

MaskReader::~MaskReader() = default;
MaskReader::MaskReader(MaskReader&&) noexcept = default;
MaskReader& MaskReader::operator=(MaskReader&&) noexcept = default;

const MaskMeta& MaskReader::meta() const noexcept { return impl_->head.meta; }

std::span<const std::uint32_t> MaskReader::bits(const SectionKey& key, std::uint32_t head) const {
  const std::size_t section = impl_->checked_index(key);
  const std::uint32_t heads = impl_->head.meta.model.heads;
  require(head < heads, ErrorCode::kUsage, impl_->file, ": head ", head, "; allowed are 0 to ", heads - 1);
  impl_->prove(impl_->payload_of[section]);
  const masks::PayloadView view = impl_->view(section);
  const std::uint32_t slot = view.slot_of(head);
  return slot == masks::kDenseSlot ? std::span<const std::uint32_t>{} : view.map(slot);
}

double MaskReader::density(const SectionKey& key, std::uint32_t head) const {
  const std::span<const std::uint32_t> map = bits(key, head);
  if (map.empty()) return 1.0;
  const BlockGeometry& geometry = impl_->head.meta.geometry;
  return static_cast<double>(masks::count_map(map, geometry).kept_work) / static_cast<double>(geometry.total_work());
}

double MaskReader::phase_density(std::uint32_t phase) const {
  const std::size_t begin = impl_->checked_index({phase, Branch::kConditional, 0, 0});
  const std::size_t count = impl_->head.sections.size() / impl_->head.meta.phases.size();
  return masks::density_of(impl_->head, begin, begin + count, false);
}

void MaskReader::validate() const { impl_->prove_all(); }

void MaskReader::validate(std::uint32_t first, std::uint32_t count) const {
  const std::size_t phases = impl_->head.meta.phases.size();
  require(first < phases && count <= phases - first, ErrorCode::kUsage, impl_->file, ": phases ", first, " to ",
          std::uint64_t{first} + count, "; allowed are those below ", phases);
  const std::size_t sections = impl_->head.sections.size() / phases;
  impl_->prove_sections(first * sections, (first + std::size_t{count}) * sections);
}

}  // namespace wean
