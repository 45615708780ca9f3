// Fields that profile, shard and plan share: identity of the model, grid and block, and how a file says what it is.
#pragma once
#include <string>
#include <vector>

#include "common/base/vocabulary.h"
#include "schemas/h5/walk.h"

namespace wean {

/// Values of the attribute `kind`.
inline constexpr const char* kProfileKind = "wean-profile";
inline constexpr const char* kShardKind = "wean-shard";
inline constexpr const char* kPlanKind = "wean-plan";

/// `kind`, `container_version` and `schema_version`: the first three attributes of every file.
void add_versions(std::vector<h5::Attribute>& attributes, const std::string& kind);
/// Throws kMalformed with file, axis, found and supported version when this is another kind or a version that this
/// build does not read.
void read_versions(h5::AttributeReader& reader, const std::string& where, const std::string& kind);

void add_model(std::vector<h5::Attribute>& attributes, const ModelIdentity& model);
[[nodiscard]] ModelIdentity read_model(h5::AttributeReader& reader);

void add_grid(std::vector<h5::Attribute>& attributes, const Grid& grid, std::uint32_t block);
/// Bounds: sides 1 to 2^20, below 2^31 tokens, block a power of two from 16, at most 16,384 blocks.
void check_grid(const Grid& grid, std::uint32_t block, ErrorCode code, const std::string& where);
void read_grid(h5::AttributeReader& reader, Grid& grid, std::uint32_t& block, const std::string& where);

/// Throws `code` unless experts, layers, heads and head_dim are in the bounds that read_model has.
void check_model(const ModelIdentity& model, ErrorCode code, const std::string& where);

}  // namespace wean
