#include <optional>

#include "common/base/error.h"
#include "common/base/file.h"
#include "schemas/masks/encoder.h"
#include "schemas/masks/masks.h"

namespace wean {

struct MaskWriter::Impl {
  masks::MaskEncoder encoder;
  std::optional<PendingFile> file;  // none in a dry run
};

MaskWriter::MaskWriter(const std::filesystem::path& path, const MaskMeta& meta, bool overwrite)
    : impl_(new Impl{masks::MaskEncoder(meta, path.string()), std::nullopt}) {
  impl_->file.emplace(path, overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
}

MaskWriter::MaskWriter(const MaskMeta& meta) : impl_(new Impl{masks::MaskEncoder(meta, "masks"), std::nullopt}) {}

MaskWriter::~MaskWriter() = default;

void MaskWriter::write(const SectionKey& key, std::span<const HeadMask> heads) {
  const masks::MaskEncoder::Placed placed = impl_->encoder.add(key, heads);
  if (impl_->file && !placed.bytes.empty()) impl_->file->write_at(placed.offset, placed.bytes);
}

double MaskWriter::finish() {
  const std::vector<std::byte> head = impl_->encoder.head();
  if (!impl_->file) return impl_->encoder.global_density();
  impl_->file->write_at(0, head);
  MaskMeta written = impl_->encoder.meta();
  written.global_density = impl_->encoder.global_density();
  try {
    const MaskReader reader(impl_->file->temporary_path());
    require(reader.meta() == written, ErrorCode::kSelfCheck, "the reader sees other metadata than was written");
  } catch (const Error& error) {
    throw Error(ErrorCode::kSelfCheck, std::string("the finished file is refused by its reader: ") + error.what());
  }
  impl_->file->publish();
  return written.global_density;
}

MaskTotals MaskWriter::totals() const noexcept { return impl_->encoder.totals(); }

}  // namespace wean
