// What calibration reads from a profile, so that tests can bring profiles that live in memory.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "schemas/profile/profile.h"

namespace wean::calibrate {

/// The statistics of a profile; shapes and meanings as in ProfileReader. One thread at a time.
class ProfileSource {
 public:
  virtual ~ProfileSource() = default;
  [[nodiscard]] virtual const ProfileMeta& meta() const = 0;
  [[nodiscard]] virtual Digest content_digest() const = 0;
  [[nodiscard]] virtual std::vector<float> mass(const SlabKey& key) const = 0;
  [[nodiscard]] virtual std::vector<float> threshold(const SlabKey& key, TopkScope scope) const = 0;
  /// Key blocks of the base width.
  [[nodiscard]] virtual std::vector<float> removal_error(const SlabKey& key) const = 0;
  [[nodiscard]] virtual RowSample rows(const SlabKey& key) const = 0;
};

/// Opens profile.h5. Throws what ProfileReader throws.
[[nodiscard]] std::unique_ptr<ProfileSource> open_profile(const std::filesystem::path& path);

}  // namespace wean::calibrate
