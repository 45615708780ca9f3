#include "calibrate/source.h"

namespace wean::calibrate {
namespace {

class FileSource final : public ProfileSource {
 public:
  explicit FileSource(const std::filesystem::path& path) : reader_(path) {}
  const ProfileMeta& meta() const override { return reader_.meta(); }
  Digest content_digest() const override { return reader_.content_digest(); }
  std::vector<float> mass(const SlabKey& key) const override { return reader_.mass(key); }
  std::vector<float> threshold(const SlabKey& key, TopkScope scope) const override {
    return reader_.threshold(key, scope);
  }
  std::vector<float> removal_error(const SlabKey& key) const override { return reader_.removal_error(key, 1); }
  RowSample rows(const SlabKey& key) const override { return reader_.rows(key); }

 private:
  ProfileReader reader_;
};

}  // namespace

std::unique_ptr<ProfileSource> open_profile(const std::filesystem::path& path) {
  return std::make_unique<FileSource>(path);
}

}  // namespace wean::calibrate
