// ProfileMeta as attributes and small datasets, and the rules it obeys (schemas/profile.md, "Meta").
#pragma once
#include <string>

#include "schemas/h5/walk.h"
#include "schemas/profile/fields.h"
#include "schemas/profile/profile.h"

namespace wean {

/// Throws Error{code} naming `where`, the field, its value and what is allowed. A shard has exactly one prompt.
void check_meta(const ProfileMeta& meta, const std::string& kind, ErrorCode code, const std::string& where);

/// Root attributes of the file, in the order in which they are written.
[[nodiscard]] std::vector<h5::Attribute> meta_attributes(const ProfileMeta& meta, const std::string& kind);
void write_meta(h5::File& file, const ProfileMeta& meta, const std::string& kind);
/// Reads and checks. Throws kMalformed, for unknown attributes too.
[[nodiscard]] ProfileMeta read_meta(const h5::File& file, const h5::Inventory& found, const std::string& kind);

/// The small datasets that write_meta makes.
[[nodiscard]] std::vector<h5::DatasetSpec> meta_datasets(const ProfileMeta& meta);

/// SHA-256 of attributes and small datasets: the head of the content digest.
void hash_meta(Sha256& hash, const ProfileMeta& meta, const std::string& kind);

/// Global index of the first step of a phase.
[[nodiscard]] std::uint32_t first_step(const ProfileMeta& meta, std::uint32_t phase);
/// Place of `branch` in meta.branches, or meta.branches.size().
[[nodiscard]] std::size_t branch_index(const ProfileMeta& meta, Branch branch);

}  // namespace wean
