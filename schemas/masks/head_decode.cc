#include <algorithm>
#include <cmath>
#include <map>

#include "common/base/checked.h"
#include "schemas/masks/head.h"
#include "schemas/masks/layout.h"

namespace wean::masks {
namespace {

/// Parses one file's head; the methods run in order and each proves what the next relies on.
class HeadDecoder {
 public:
  /// `bytes` begin a file of `size` bytes; decode() needs all of them.
  HeadDecoder(std::span<const std::byte> bytes, std::uint64_t size, const std::string& file)
      : bytes_(bytes), size_(size), file_(file) {}

  void check_start() const {
    check_container();
    check_constants();
  }

  FileHead decode() {
    check_start();
    check_root();
    check_reserved();
    read_meta();
    read_phases();
    check_meta(head_.meta, file_, ErrorCode::kMalformed);
    read_sections();
    check_density();
    return std::move(head_);
  }

 private:
  template <typename T>
  [[nodiscard]] T at(std::size_t offset) const {
    return load<T>(bytes_, offset);
  }

  template <typename T>
  void expect(const char* field, std::size_t offset, T allowed) const {
    const T value = at<T>(offset);
    require(value == allowed, ErrorCode::kMalformed, file_, ": ", field, " at byte ", offset, ": ", value,
            "; allowed is ", allowed);
  }

  void check_zero(const char* field, std::uint64_t begin, std::uint64_t end) const {
    for (std::uint64_t i = begin; i < end; ++i) {
      require(bytes_[i] == std::byte{0}, ErrorCode::kMalformed, file_, ": ", field, " at byte ", i, ": ",
              std::to_integer<int>(bytes_[i]), "; allowed is 0");
    }
  }

  void check_container() const {
    require(bytes_.size() >= kHeaderBytes, ErrorCode::kMalformed, file_, ": ", bytes_.size(),
            " bytes; the header of a mask file has ", kHeaderBytes);
    require(std::equal(kMagic.begin(), kMagic.end(), reinterpret_cast<const std::uint8_t*>(bytes_.data())),
            ErrorCode::kMalformed, file_, ": magic at byte 0: not a mask file, or damaged by a text-mode transfer");
    const auto major = at<std::uint16_t>(header::kMajor);
    require(major == kMajor, ErrorCode::kMalformed, file_, ": container version at byte ", header::kMajor, ": ", major,
            "; this wean reads version ", kMajor, "; a file of another wean must be packed again");
    expect("header_bytes", header::kHeaderBytes, kHeaderBytes);
    const auto size = at<std::uint64_t>(header::kFileBytes);
    require(size <= kMaxFileBytes, ErrorCode::kMalformed, file_, ": file_bytes at byte ", header::kFileBytes, ": ",
            size, "; allowed are at most ", kMaxFileBytes);
    require(size == size_, ErrorCode::kIntegrity, file_, ": file_bytes at byte ", header::kFileBytes, ": ", size,
            ", but the file has ", size_, ": cut short or extended");
  }

  void check_constants() const {
    expect<std::uint32_t>("incompatible flags", header::kIncompatible, 0);
    expect("entry_bytes", header::kEntryBytes, kEntryBytes);
    expect("align", header::kAlign, kAlign);
    expect("hash", header::kHash, kHashSha256);
    expect<std::uint32_t>("token_order", header::kTokenOrder, 0);
    const auto schema = at<std::uint32_t>(header::kSchema);
    require(schema == kSchema, ErrorCode::kMalformed, file_, ": schema version at byte ", header::kSchema, ": ", schema,
            "; this wean reads version ", kSchema, "; a file of another wean must be packed again");
  }

  void check_root() {
    const auto phases = at<std::uint32_t>(header::kPhases);
    const auto sections = at<std::uint32_t>(header::kSections);
    require(phases >= 1 && phases <= kMaxPhases, ErrorCode::kMalformed, file_, ": phases at byte ", header::kPhases,
            ": ", phases, "; allowed are 1 to ", kMaxPhases);
    require(sections >= 1 && sections <= kMaxSections, ErrorCode::kMalformed, file_, ": sections at byte ",
            header::kSections, ": ", sections, "; allowed are 1 to ", kMaxSections);
    tables_end_ = kHeaderBytes + std::uint64_t{phases} * kPhaseBytes + std::uint64_t{sections} * kEntryBytes;
    require(tables_end_ <= bytes_.size(), ErrorCode::kMalformed, file_, ": tables end at byte ", tables_end_,
            "; the file has ", bytes_.size());
    Sha256 root;
    root.update(bytes_.first(header::kRoot)).update(bytes_.subspan(kHeaderBytes, tables_end_ - kHeaderBytes));
    require(root.finish() == at<Digest>(header::kRoot), ErrorCode::kIntegrity, file_, ": root at byte ", header::kRoot,
            ": SHA-256 of header and tables differs");
  }

  // A later minor version may have given these bytes a meaning that is safe to ignore; the root covers them.
  void check_reserved() const {
    if (at<std::uint16_t>(header::kMinor) != kMinor) return;
    expect<std::uint32_t>("compatible flags", header::kCompatible, 0);
    check_zero("reserved", header::kReserved, header::kWeights);
  }

  void read_meta() {
    MaskMeta& meta = head_.meta;
    ModelIdentity& model = meta.model;
    model.experts = at<std::uint32_t>(header::kExperts);
    model.layers = at<std::uint32_t>(header::kLayers);
    model.heads = at<std::uint32_t>(header::kHeads);
    model.head_dim = at<std::uint32_t>(header::kHeadDim);
    model.weights = at<Digest>(header::kWeights);
    model.config = at<Digest>(header::kConfig);
    model.quick = at<Digest>(header::kQuick);
    const auto* family = reinterpret_cast<const char*>(bytes_.data()) + header::kFamily;
    const char* family_end = std::find(family, family + kFamilyBytes, '\0');
    model.family.assign(family, family_end);
    check_zero("family padding", header::kFamily + model.family.size(), header::kFamily + kFamilyBytes);
    meta.recipe = at<Digest>(header::kRecipe);
    meta.grid = {at<std::uint32_t>(header::kFrames), at<std::uint32_t>(header::kHeight),
                 at<std::uint32_t>(header::kWidth)};
    meta.branches = at<std::uint32_t>(header::kBranches);
    const auto area = checked_mul(meta.grid.frames, meta.grid.height);
    const auto tokens = area ? checked_mul(*area, meta.grid.width) : area;
    // A grid that overflows is refused by check_meta before anything uses the tokens.
    meta.geometry = {tokens.value_or(0), tokens.value_or(0), at<std::uint32_t>(header::kQBlock),
                     at<std::uint32_t>(header::kKBlock)};
  }

  void read_phases() {
    double high = 1.0;
    const auto count = at<std::uint32_t>(header::kPhases);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t base = kHeaderBytes + i * kPhaseBytes;
      const auto low = at<double>(base + phase::kSigmaLow);
      require(std::isfinite(low) && !std::signbit(low), ErrorCode::kMalformed, file_, ": sigma_low of phase ", i,
              " at byte ", base, ": ", low, "; allowed are 0 to 1");
      expect<std::uint32_t>("reserved of a phase", base + phase::kReserved, 0);
      head_.meta.phases.push_back({high, low, at<std::uint32_t>(base + phase::kSteps)});
      high = low;
    }
  }

  void read_sections() {
    const std::uint64_t count = section_count(head_.meta);
    const auto stored = at<std::uint32_t>(header::kSections);
    require(stored == count, ErrorCode::kMalformed, file_, ": sections at byte ", header::kSections, ": ", stored,
            "; phases x branches x experts x layers is ", count);
    head_.sections.reserve(count);
    std::uint64_t next = aligned(tables_end_);
    std::uint64_t end = tables_end_;
    for (std::uint64_t i = 0; i < count; ++i) {
      head_.sections.push_back(read_entry(i));
      if (is_shared(i)) continue;
      place(i, next);
      check_zero("padding", end, next);
      end = next + head_.sections[i].bytes;
      next = aligned(end);
    }
    require(end == bytes_.size(), ErrorCode::kMalformed, file_, ": the last payload ends at byte ", end,
            "; the file has ", bytes_.size());
  }

  [[nodiscard]] std::size_t entry_base(std::uint64_t index) const {
    return kHeaderBytes + head_.meta.phases.size() * kPhaseBytes + index * kEntryBytes;
  }

  SectionEntry read_entry(std::uint64_t index) const {
    const std::size_t base = entry_base(index);
    const SectionKey key = section_key(head_.meta, index);
    expect("phase of an entry", base + entry::kPhase, key.phase);
    expect("branch of an entry", base + entry::kBranch, static_cast<std::uint32_t>(key.branch));
    expect("expert of an entry", base + entry::kExpert, key.expert);
    expect("layer of an entry", base + entry::kLayer, key.layer);
    expect("kind of an entry", base + entry::kKind, kKindHeadBits);
    expect<std::uint64_t>("reserved of an entry", base + entry::kReserved, 0);
    const SectionEntry section{key,
                               at<std::uint32_t>(base + entry::kSlots),
                               at<std::uint64_t>(base + entry::kOffset),
                               at<std::uint64_t>(base + entry::kBytes),
                               at<std::uint64_t>(base + entry::kPopcount),
                               at<std::uint64_t>(base + entry::kKeptWork),
                               at<Digest>(base + entry::kSha)};
    check_sizes(index, section);
    return section;
  }

  void check_sizes(std::uint64_t index, const SectionEntry& section) const {
    const std::size_t base = entry_base(index);
    const ModelIdentity& model = head_.meta.model;
    require(section.slots <= model.heads, ErrorCode::kMalformed, file_, ": slots of ", section_name(head_.meta, index),
            " at byte ", base + entry::kSlots, ": ", section.slots, "; allowed are 0 to ", model.heads);
    const BlockGeometry& geometry = head_.meta.geometry;
    // rows < 2^31 and words <= 2^26, so a slot is below 2^59 bytes.
    const auto slot = static_cast<std::uint64_t>(geometry.rows() * geometry.words()) * 4;
    const auto maps = checked_mul<std::uint64_t>(slot, section.slots);
    const auto bytes = maps ? checked_add<std::uint64_t>(*maps, aligned(std::uint64_t{model.heads} * 4)) : maps;
    require(bytes && section.bytes == *bytes, ErrorCode::kMalformed, file_, ": bytes of ",
            section_name(head_.meta, index), " at byte ", base + entry::kBytes, ": ", section.bytes,
            "; a head table and ", section.slots, " slots take ", bytes.value_or(~std::uint64_t{0}));
    require(section.kept_work <= section_work(head_.meta), ErrorCode::kMalformed, file_, ": kept_work of ",
            section_name(head_.meta, index), " at byte ", base + entry::kKeptWork, ": ", section.kept_work,
            "; allowed are at most ", section_work(head_.meta));
  }

  /// True when an earlier section has the same payload; then the entries must agree.
  bool is_shared(std::uint64_t index) {
    const SectionEntry& section = head_.sections[index];
    const auto [found, fresh] = first_with_.try_emplace(section.sha, index);
    if (fresh) return false;
    SectionEntry first = head_.sections[found->second];
    const bool same = section.offset == first.offset && section.slots == first.slots &&
                      section.popcount == first.popcount && section.kept_work == first.kept_work;
    require(same, ErrorCode::kMalformed, file_, ": ", section_name(head_.meta, index), " at byte ", entry_base(index),
            ": has the payload hash of section ", found->second,
            " but not its offset and counts; equal payloads are stored once");
    return true;
  }

  void place(std::uint64_t index, std::uint64_t next) const {
    const SectionEntry& section = head_.sections[index];
    require(section.offset == next, ErrorCode::kMalformed, file_, ": offset of ", section_name(head_.meta, index),
            " at byte ", entry_base(index) + entry::kOffset, ": ", section.offset, "; the next payload starts at ",
            next);
    require(range_fits<std::uint64_t>(next, section.bytes, bytes_.size()), ErrorCode::kMalformed, file_, ": bytes of ",
            section_name(head_.meta, index), " at byte ", entry_base(index) + entry::kBytes, ": ", section.bytes,
            "; the file has ", bytes_.size() - std::min<std::uint64_t>(next, bytes_.size()), " left");
  }

  void check_density() {
    const auto stored = at<double>(header::kDensity);
    const double g = density_of(head_, 0, head_.sections.size(), true);
    require(load<std::uint64_t>(bytes_, header::kDensity) == std::bit_cast<std::uint64_t>(g), ErrorCode::kMalformed,
            file_, ": global_density at byte ", header::kDensity, ": ", stored, "; the section table gives ", g);
    head_.meta.global_density = g;
  }

  std::span<const std::byte> bytes_;
  std::uint64_t size_;
  const std::string& file_;
  FileHead head_;
  std::uint64_t tables_end_ = 0;
  std::map<Digest, std::uint64_t> first_with_;
};

}  // namespace

FileHead decode_head(std::span<const std::byte> bytes, const std::string& file) {
  return HeadDecoder(bytes, bytes.size(), file).decode();
}

void check_start(std::span<const std::byte> start, std::uint64_t size, const std::string& file) {
  HeadDecoder(start, size, file).check_start();
}

}  // namespace wean::masks
