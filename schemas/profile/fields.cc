#include "schemas/profile/fields.h"

#include <array>
#include <bit>

namespace wean {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::int64_t kMaxSide = 1 << 20;
constexpr std::int64_t kMaxTokens = (std::int64_t{1} << 31) - 1;
constexpr std::int64_t kMaxBlocks = 16'384;

struct Bound {
  const char* name;
  std::uint32_t ModelIdentity::*field;
  std::uint32_t max;
};
constexpr std::array<Bound, 4> kModelBounds = {{{"model_experts", &ModelIdentity::experts, 16},
                                                {"model_layers", &ModelIdentity::layers, 4096},
                                                {"model_heads", &ModelIdentity::heads, 1024},
                                                {"model_head_dim", &ModelIdentity::head_dim, 4096}}};

struct DigestField {
  const char* name;
  Digest ModelIdentity::*field;
};
constexpr std::array<DigestField, 3> kModelDigests = {{{"model_weights", &ModelIdentity::weights},
                                                       {"model_config", &ModelIdentity::config},
                                                       {"model_quick", &ModelIdentity::quick}}};

void read_version(h5::AttributeReader& reader, const std::string& where, const char* axis) {
  const std::uint64_t found = reader.integer(axis, 0, UINT64_MAX);
  require(found == kVersion, ErrorCode::kMalformed, where, ": ", axis, " ", found, "; this build reads ", kVersion,
          " (was the file written by a newer wean?)");
}

}  // namespace

void add_versions(std::vector<h5::Attribute>& attributes, const std::string& kind) {
  attributes.push_back({"kind", kind});
  attributes.push_back({"container_version", kVersion});
  attributes.push_back({"schema_version", kVersion});
}

void read_versions(h5::AttributeReader& reader, const std::string& where, const std::string& kind) {
  const std::string found = reader.text("kind");
  require(found == kind, ErrorCode::kMalformed, where, ": kind '", found, "'; '", kind, "' is needed here");
  read_version(reader, where, "container_version");
  read_version(reader, where, "schema_version");
}

void add_model(std::vector<h5::Attribute>& attributes, const ModelIdentity& model) {
  attributes.push_back({"model_family", model.family});
  for (const Bound& bound : kModelBounds) attributes.push_back({bound.name, std::uint64_t{model.*bound.field}});
  for (const DigestField& digest : kModelDigests) attributes.push_back({digest.name, to_hex(model.*digest.field)});
}

ModelIdentity read_model(h5::AttributeReader& reader) {
  ModelIdentity model;
  model.family = reader.text("model_family");
  for (const Bound& bound : kModelBounds) {
    model.*bound.field = static_cast<std::uint32_t>(reader.integer(bound.name, 1, bound.max));
  }
  for (const DigestField& digest : kModelDigests) model.*digest.field = reader.digest(digest.name);
  return model;
}

void check_model(const ModelIdentity& model, ErrorCode code, const std::string& where) {
  for (const Bound& bound : kModelBounds) {
    require(model.*bound.field >= 1 && model.*bound.field <= bound.max, code, where, ": ", bound.name, " ",
            model.*bound.field, "; allowed are 1 to ", bound.max);
  }
}

void add_grid(std::vector<h5::Attribute>& attributes, const Grid& grid, std::uint32_t block) {
  attributes.push_back({"grid_frames", static_cast<std::uint64_t>(grid.frames)});
  attributes.push_back({"grid_height", static_cast<std::uint64_t>(grid.height)});
  attributes.push_back({"grid_width", static_cast<std::uint64_t>(grid.width)});
  attributes.push_back({"block", std::uint64_t{block}});
}

void check_grid(const Grid& grid, std::uint32_t block, ErrorCode code, const std::string& where) {
  for (const std::int64_t side : {grid.frames, grid.height, grid.width}) {
    require(side >= 1 && side <= kMaxSide, code, where, ": grid ", to_string(grid), "; each side must be 1 to ",
            kMaxSide);
  }
  // Sides below 2^20 keep this product below 2^60.
  require(grid.tokens() <= kMaxTokens, code, where, ": grid ", to_string(grid), " has ", grid.tokens(),
          " tokens; at most ", kMaxTokens, " are allowed");
  require(block >= 16 && std::has_single_bit(block), code, where, ": block ", block,
          "; a power of two from 16 is needed");
  const std::int64_t blocks = (grid.tokens() + block - 1) / block;
  require(blocks <= kMaxBlocks, code, where, ": ", blocks, " blocks of ", block, " tokens; at most ", kMaxBlocks,
          " are allowed");
}

void read_grid(h5::AttributeReader& reader, Grid& grid, std::uint32_t& block, const std::string& where) {
  constexpr auto kMax = static_cast<std::uint64_t>(kMaxSide);
  grid.frames = static_cast<std::int64_t>(reader.integer("grid_frames", 1, kMax));
  grid.height = static_cast<std::int64_t>(reader.integer("grid_height", 1, kMax));
  grid.width = static_cast<std::int64_t>(reader.integer("grid_width", 1, kMax));
  block = static_cast<std::uint32_t>(reader.integer("block", 16, UINT32_MAX));
  check_grid(grid, block, ErrorCode::kMalformed, where);
}

}  // namespace wean
