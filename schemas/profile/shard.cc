#include "schemas/profile/shard.h"

#include <numeric>

#include "schemas/profile/code16.h"
#include "schemas/profile/slab_file.h"
#include "schemas/profile/values.h"

namespace wean {
namespace {

/// Places in shard_arrays(); each coded statistic is followed by its scales.
enum Array : std::size_t { kMass, kMassScale, kError, kErrorScale, kErrorWide, kErrorWideScale, kRowsToken, kRowsMass };

/// Probabilities of single rows: no scale is needed.
constexpr int kRowScale = 0;

void write_coded(SlabFileWriter& file, const SlabKey& key, std::size_t array, const std::vector<float>& values) {
  const std::size_t heads = file.meta().model.heads;
  const std::size_t size = values.size() / heads;
  std::vector<std::uint16_t> codes;
  std::vector<std::int8_t> scales;
  for (std::size_t head = 0; head < heads; ++head) {
    const auto part = std::span(values).subspan(head * size, size);
    scales.push_back(static_cast<std::int8_t>(scale_for(part)));
    const std::vector<std::uint16_t> coded = encode16(part, scales.back());
    codes.insert(codes.end(), coded.begin(), coded.end());
  }
  file.write(key, array, codes);
  file.write(key, array + 1, scales);
}

std::vector<float> read_coded(const SlabFileReader& file, const SlabKey& key, std::size_t array) {
  const auto codes = file.read<std::uint16_t>(key, array);
  const auto scales = file.read<std::int8_t>(key, array + 1);
  const std::size_t size = codes.size() / scales.size();
  std::vector<float> values;
  values.reserve(codes.size());
  for (std::size_t head = 0; head < scales.size(); ++head) {
    require(scales[head] >= kMinScale && scales[head] <= kMaxScale, ErrorCode::kMalformed, file.name(), ": scale ",
            int{scales[head]}, " of head ", head, " in slab ", to_string(key), "; allowed are ", kMinScale, " to ",
            kMaxScale);
    decode16(std::span(codes).subspan(head * size, size), scales[head], values);
  }
  return values;
}

RowSample read_rows(const SlabFileReader& file, const SlabKey& key) {
  RowSample rows;
  rows.token = file.read<std::uint32_t>(key, kRowsToken);
  decode16(file.read<std::uint16_t>(key, kRowsMass), kRowScale, rows.mass);
  rows.steps = file.meta().phases[key.phase].steps;
  rows.rows = file.meta().sampled_rows;
  rows.step.resize(rows.steps);
  std::iota(rows.step.begin(), rows.step.end(), first_step(file.meta(), key.phase));
  return rows;
}

void check_slab(const SlabPlace& place, const ShardSlab& slab) {
  check_mass(place, slab.mass);
  check_statistic(place, "removal_error", slab.removal_error);
  check_statistic(place, "removal_error_wide", slab.removal_error_wide);
  check_rows(place, slab.rows);
}

}  // namespace

struct ShardWriter::Impl {
  SlabFileWriter file;
};

ShardWriter::ShardWriter(const std::filesystem::path& path, const ProfileMeta& meta, bool overwrite)
    : impl_(new Impl{SlabFileWriter(path, meta, kShardKind, overwrite)}) {}
ShardWriter::~ShardWriter() = default;

void ShardWriter::write(const SlabKey& key, const ShardSlab& slab) {
  SlabFileWriter& file = impl_->file;
  file.begin(key);
  check_slab({file.meta(), file.name(), key}, slab);
  write_coded(file, key, kMass, slab.mass);
  write_coded(file, key, kError, slab.removal_error);
  write_coded(file, key, kErrorWide, slab.removal_error_wide);
  file.write(key, kRowsToken, slab.rows.token);
  file.write(key, kRowsMass, encode16(slab.rows.mass, kRowScale));
}

void ShardWriter::finish() {
  impl_->file.close();
  verify_own_output(impl_->file.name(), [&] { ShardReader(impl_->file.temporary_path()).validate(); });
  impl_->file.publish();
}

struct ShardReader::Impl {
  SlabFileReader file;
};

ShardReader::ShardReader(const std::filesystem::path& path)
    : impl_(std::make_unique<Impl>(Impl{SlabFileReader(path, kShardKind)})) {}
ShardReader::~ShardReader() = default;

const ProfileMeta& ShardReader::meta() const noexcept { return impl_->file.meta(); }
Digest ShardReader::content_digest() const { return impl_->file.content_digest(); }

ShardSlab ShardReader::read(const SlabKey& key) const {
  ShardSlab slab;
  slab.mass = read_coded(impl_->file, key, kMass);
  slab.removal_error = read_coded(impl_->file, key, kError);
  slab.removal_error_wide = read_coded(impl_->file, key, kErrorWide);
  slab.rows = read_rows(impl_->file, key);
  check_slab({meta(), impl_->file.name(), key}, slab);
  return slab;
}

void ShardReader::validate() const {
  for (const SlabKey& key : all_keys(meta())) static_cast<void>(read(key));
}

}  // namespace wean
