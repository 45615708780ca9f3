// A synthetic profile that stays in memory.
#pragma once
#include <map>
#include <tuple>

#include "calibrate/method.h"
#include "calibrate/source.h"
#include "tests/support/synthetic_profile.h"

namespace wean::calibrate {

class MemoryProfile final : public ProfileSource {
 public:
  explicit MemoryProfile(const testing::SyntheticOptions& options) : meta_(testing::synthetic_meta(options)) {}
  const ProfileMeta& meta() const override { return meta_; }
  Digest content_digest() const override { return sha256("a profile in memory"); }
  std::vector<float> mass(const SlabKey& key) const override { return slab(key).mass; }
  std::vector<float> threshold(const SlabKey& key, TopkScope scope) const override {
    return scope == TopkScope::kRow ? slab(key).threshold_row : slab(key).threshold_map;
  }
  std::vector<float> removal_error(const SlabKey& key) const override { return slab(key).removal_error; }
  RowSample rows(const SlabKey& key) const override { return slab(key).rows; }

 private:
  const ProfileSlab& slab(const SlabKey& key) const {
    const auto [entry, made] = slabs_.try_emplace(std::tuple(key.phase, key.branch, key.expert, key.layer));
    if (made) entry->second = testing::synthetic_slab(meta_, key);
    return entry->second;
  }
  ProfileMeta meta_;
  mutable std::map<std::tuple<std::uint32_t, Branch, std::uint32_t, std::uint32_t>, ProfileSlab> slabs_;
};

/// Context over the profile's own schedule.
[[nodiscard]] inline Context context_of(const ProfileSource& source, const MethodOptions& options = {}) {
  return {source, profile_schedule(source.meta()), options, 2, {}};
}

}  // namespace wean::calibrate
