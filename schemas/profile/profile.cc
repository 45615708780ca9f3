#include "schemas/profile/profile.h"

#include <numeric>

#include "schemas/profile/slab_file.h"
#include "schemas/profile/values.h"

namespace wean {
namespace {

/// Places in profile_arrays().
enum Array : std::size_t {
  kMass,
  kMassSquare,
  kThresholdRow,
  kThresholdMap,
  kError,
  kErrorWide,
  kRowsToken,
  kRowsMass
};

}  // namespace

struct ProfileReader::Impl {
  SlabFileReader file;
  [[nodiscard]] SlabPlace place(const SlabKey& key) const { return {file.meta(), file.name(), key}; }
};

ProfileReader::ProfileReader(const std::filesystem::path& path)
    : impl_(std::make_unique<Impl>(Impl{SlabFileReader(path, kProfileKind)})) {}
ProfileReader::~ProfileReader() = default;

const ProfileMeta& ProfileReader::meta() const noexcept { return impl_->file.meta(); }
Digest ProfileReader::content_digest() const { return impl_->file.content_digest(); }

std::vector<float> ProfileReader::mass(const SlabKey& key) const {
  auto values = impl_->file.read<float>(key, kMass);
  check_mass(impl_->place(key), values);
  return values;
}

std::vector<float> ProfileReader::mass_square(const SlabKey& key) const {
  auto values = impl_->file.read<float>(key, kMassSquare);
  check_statistic(impl_->place(key), "mass_square", values);
  return values;
}

std::vector<float> ProfileReader::threshold(const SlabKey& key, TopkScope scope) const {
  const bool row = scope == TopkScope::kRow;
  auto values = impl_->file.read<float>(key, row ? kThresholdRow : kThresholdMap);
  check_threshold(impl_->place(key), row ? "threshold_row" : "threshold_map", values);
  return values;
}

std::vector<float> ProfileReader::removal_error(const SlabKey& key, std::uint32_t width) const {
  require(width == 1 || width == 2, ErrorCode::kUsage, impl_->file.name(), ": removal error of width ", width,
          "; allowed are 1 and 2");
  auto values = impl_->file.read<float>(key, width == 1 ? kError : kErrorWide);
  check_statistic(impl_->place(key), width == 1 ? "removal_error" : "removal_error_wide", values);
  return values;
}

RowSample ProfileReader::rows(const SlabKey& key) const {
  RowSample rows;
  rows.token = impl_->file.read<std::uint32_t>(key, kRowsToken);
  rows.mass = impl_->file.read<float>(key, kRowsMass);
  rows.steps = meta().phases[key.phase].steps;
  rows.rows = meta().sampled_rows;
  rows.step.resize(rows.steps);
  std::iota(rows.step.begin(), rows.step.end(), first_step(meta(), key.phase));
  check_rows(impl_->place(key), rows);
  return rows;
}

void ProfileReader::validate() const {
  for (const SlabKey& key : all_keys(meta())) {
    static_cast<void>(mass(key));
    static_cast<void>(mass_square(key));
    static_cast<void>(threshold(key, TopkScope::kRow));
    static_cast<void>(threshold(key, TopkScope::kMap));
    static_cast<void>(removal_error(key, 1));
    static_cast<void>(removal_error(key, 2));
    static_cast<void>(rows(key));
  }
}

struct ProfileWriter::Impl {
  SlabFileWriter file;
};

ProfileWriter::ProfileWriter(const std::filesystem::path& path, const ProfileMeta& meta, bool overwrite)
    : impl_(new Impl{SlabFileWriter(path, meta, kProfileKind, overwrite)}) {}
ProfileWriter::~ProfileWriter() = default;

void ProfileWriter::write(const SlabKey& key, const ProfileSlab& slab) {
  SlabFileWriter& file = impl_->file;
  file.begin(key);
  const SlabPlace place{file.meta(), file.name(), key};
  check_mass(place, slab.mass);
  check_statistic(place, "mass_square", slab.mass_square);
  check_threshold(place, "threshold_row", slab.threshold_row);
  check_threshold(place, "threshold_map", slab.threshold_map);
  check_statistic(place, "removal_error", slab.removal_error);
  check_statistic(place, "removal_error_wide", slab.removal_error_wide);
  check_rows(place, slab.rows);
  file.write(key, kMass, slab.mass);
  file.write(key, kMassSquare, slab.mass_square);
  file.write(key, kThresholdRow, slab.threshold_row);
  file.write(key, kThresholdMap, slab.threshold_map);
  file.write(key, kError, slab.removal_error);
  file.write(key, kErrorWide, slab.removal_error_wide);
  file.write(key, kRowsToken, slab.rows.token);
  file.write(key, kRowsMass, slab.rows.mass);
}

void ProfileWriter::finish() {
  impl_->file.close();
  verify_own_output(impl_->file.name(), [&] { ProfileReader(impl_->file.temporary_path()).validate(); });
  impl_->file.publish();
}

}  // namespace wean
