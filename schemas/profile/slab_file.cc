#include "schemas/profile/slab_file.h"

#include <bit>
#include <cstring>

#include "schemas/h5/child.h"

namespace wean {
namespace {

static_assert(std::endian::native == std::endian::little, "digests are of little-endian arrays as they lie in memory");

std::vector<SlabArray> arrays_for(const ProfileMeta& meta, const std::string& kind) {
  return kind == kProfileKind ? profile_arrays(meta) : shard_arrays(meta);
}

/// [phases, branches, experts, layers, arrays, 32]
h5::DatasetSpec digest_dataset(const ProfileMeta& meta, std::size_t arrays) {
  const h5::Shape dims = {meta.phases.size(), meta.branches.size(), meta.model.experts, meta.model.layers, arrays,
                          sizeof(Digest)};
  return {"digest", h5::Type::kU8, dims, dims};
}

std::vector<h5::DatasetSpec> expected_datasets(const ProfileMeta& meta, const std::vector<SlabArray>& arrays) {
  std::vector<h5::DatasetSpec> specs = meta_datasets(meta);
  for (const SlabArray& array : arrays) specs.push_back(dataset_of(meta, array));
  specs.push_back(digest_dataset(meta, arrays.size()));
  return specs;
}

/// Everything a reader needs before it may read slabs.
ProfileMeta check_structure(const h5::File& file, const std::string& kind) {
  const h5::Session session;
  const h5::Inventory found = h5::walk(file);
  ProfileMeta meta = read_meta(file, found, kind);
  h5::check_datasets(found, expected_datasets(meta, arrays_for(meta, kind)));
  return meta;
}

h5::File open_checked(const std::filesystem::path& path, const std::string& kind) {
  h5::walk_in_child(path, [&] { static_cast<void>(check_structure(h5::File::open(path), kind)); });
  return h5::File::open(path);
}

}  // namespace

SlabFileWriter::SlabFileWriter(const std::filesystem::path& path, const ProfileMeta& meta, std::string kind,
                               bool overwrite)
    : name_(path.string()),
      meta_((check_meta(meta, kind, ErrorCode::kUsage, path.string()), meta)),
      pending_(path, overwrite ? Overwrite::kReplace : Overwrite::kRefuse),
      file_(h5::File::create(pending_.temporary_path(), name_)),
      arrays_(arrays_for(meta_, kind)),
      written_(slab_count(meta_), false),
      digests_(slab_count(meta_) * arrays_.size() * sizeof(Digest)) {
  const h5::Session session;
  write_meta(file_, meta_, kind);
  for (const SlabArray& array : arrays_) file_.create_dataset(dataset_of(meta_, array));
  file_.create_dataset(digest_dataset(meta_, arrays_.size()));
}

void SlabFileWriter::begin(const SlabKey& key) {
  check_key(meta_, key, name_);
  const std::size_t index = slab_index(meta_, key);
  require(!written_[index], ErrorCode::kUsage, name_, ": slab ", to_string(key), " was written already");
  written_[index] = true;
}

void SlabFileWriter::write_bytes(const SlabKey& key, std::size_t array, h5::Type type, std::size_t count,
                                 const void* data) {
  const h5::DatasetSpec spec = dataset_of(meta_, arrays_[array]);
  const h5::Region region = region_of(meta_, arrays_[array], key);
  const std::uint64_t needed = h5::elements(region.count, name_);
  require(type == spec.type && count == needed, ErrorCode::kUsage, name_, ": '", spec.name, "' of slab ",
          to_string(key), " has ", count, " values; ", needed, " are needed");
  file_.write(spec, region, data);
  const Digest digest = sha256({static_cast<const std::byte*>(data), count * h5::size_of(type)});
  const std::size_t place = slab_index(meta_, key) * arrays_.size() + array;
  std::memcpy(digests_.data() + place * sizeof(Digest), digest.data(), sizeof(Digest));
}

void SlabFileWriter::close() {
  for (const SlabKey& key : all_keys(meta_)) {
    require(written_[slab_index(meta_, key)], ErrorCode::kSelfCheck, name_, ": slab ", to_string(key),
            " was never written");
  }
  const h5::DatasetSpec spec = digest_dataset(meta_, arrays_.size());
  file_.write(spec, h5::whole(spec), digests_.data());
  file_.close();
  h5::remember_own(pending_.temporary_path());
}

SlabFileReader::SlabFileReader(const std::filesystem::path& path, std::string kind)
    : kind_(std::move(kind)),
      file_(open_checked(path, kind_)),
      meta_(check_structure(file_, kind_)),
      arrays_(arrays_for(meta_, kind_)) {
  const h5::DatasetSpec spec = digest_dataset(meta_, arrays_.size());
  digests_ = h5::get<std::uint8_t>(file_, spec, h5::whole(spec));
}

void SlabFileReader::check_digest(const SlabKey& key, std::size_t array, std::span<const std::byte> bytes) const {
  const Digest digest = sha256(bytes);
  const std::size_t place = slab_index(meta_, key) * arrays_.size() + array;
  require(std::memcmp(digest.data(), digests_.data() + place * sizeof(Digest), sizeof(Digest)) == 0,
          ErrorCode::kIntegrity, name(), ": '", arrays_[array].name, "' of slab ", to_string(key),
          " does not match its SHA-256");
}

Digest SlabFileReader::content_digest() const {
  Sha256 hash;
  hash_meta(hash, meta_, kind_);
  return hash.update(std::as_bytes(std::span(digests_))).finish();
}

}  // namespace wean
