#include "schemas/profile/meta.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "schemas/profile/fields.h"

namespace wean {
namespace {

constexpr std::uint64_t kMaxSteps = 100'000;
constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 24;
constexpr std::uint64_t kMaxSampledRows = 4096;

/// The small datasets as plain arrays.
struct Arrays {
  std::vector<double> sigmas, phase_sigma;
  std::vector<std::uint32_t> phase_steps;
  std::vector<std::uint8_t> branches, prompts;
};

Arrays arrays_of(const ProfileMeta& meta) {
  Arrays arrays;
  arrays.sigmas = meta.sigmas;
  for (const Phase& phase : meta.phases) {
    arrays.phase_sigma.insert(arrays.phase_sigma.end(), {phase.sigma_high, phase.sigma_low});
    arrays.phase_steps.push_back(phase.steps);
  }
  for (const Branch branch : meta.branches) arrays.branches.push_back(static_cast<std::uint8_t>(branch));
  for (const Digest& prompt : meta.prompts) arrays.prompts.insert(arrays.prompts.end(), prompt.begin(), prompt.end());
  return arrays;
}

/// f(name, member, columns) for each small dataset; columns = 0 means one dimension.
template <typename F>
void for_each_array(F&& f) {
  f("sigmas", &Arrays::sigmas, 0U);
  f("phase_sigma", &Arrays::phase_sigma, 2U);
  f("phase_steps", &Arrays::phase_steps, 0U);
  f("branches", &Arrays::branches, 0U);
  f("prompts", &Arrays::prompts, 32U);
}

void check_recipe(const ProfileMeta& meta, ErrorCode code, const std::string& where) {
  const SamplingRecipe& r = meta.recipe;
  for (const std::int64_t side : {r.width, r.height, r.frames}) {
    require(side >= 1 && static_cast<std::uint64_t>(side) <= kMaxPixels, code, where, ": size ", r.width, "x", r.height,
            ", ", r.frames, " frames; each must be 1 to ", kMaxPixels);
  }
  require(!r.sampler.empty(), code, where, ": sampler is empty; its name is needed");
  require(std::isfinite(r.shift) && r.shift > 0, code, where, ": shift ", r.shift, "; it must be above 0");
  require(std::isfinite(r.guidance) && r.guidance >= 0, code, where, ": guidance ", r.guidance,
          "; it must be at least 0");
  require(r.dtype == "float32" || r.dtype == "bfloat16", code, where, ": dtype '", r.dtype,
          "'; allowed are float32 and bfloat16");
  require(r.steps == meta.sigmas.size() && r.steps >= 1 && r.steps <= kMaxSteps, code, where, ": ", r.steps,
          " steps with ", meta.sigmas.size(), " sigmas; they must be equal, 1 to ", kMaxSteps);
}

void check_sigmas(const ProfileMeta& meta, ErrorCode code, const std::string& where) {
  for (std::size_t i = 0; i < meta.sigmas.size(); ++i) {
    const double before = i == 0 ? 2.0 : meta.sigmas[i - 1];
    require(meta.sigmas[i] >= 0 && meta.sigmas[i] <= 1 && meta.sigmas[i] < before, code, where, ": sigmas[", i, "] ",
            meta.sigmas[i], "; sigmas must fall within [0, 1]");
  }
}

/// The table's own rules come from check_phases; here its step counts are compared with the sigmas.
void check_phase_table(const ProfileMeta& meta, ErrorCode code, const std::string& where) {
  try {
    check_phases(meta.phases, where);
  } catch (const Error& error) {
    throw Error(code, error.what());
  }
  std::vector<std::uint32_t> steps(meta.phases.size(), 0);
  for (const double sigma : meta.sigmas) ++steps[phase_of(meta.phases, sigma)];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    require(steps[i] == meta.phases[i].steps && steps[i] >= 1, code, where, ": phase ", i, " says ",
            meta.phases[i].steps, " steps; ", steps[i], " of the sigmas fall in it, and at least one must");
  }
}

void check_lists(const ProfileMeta& meta, const std::string& kind, ErrorCode code, const std::string& where) {
  const auto& branches = meta.branches;
  const bool known =
      std::all_of(branches.begin(), branches.end(), [](Branch b) { return b <= Branch::kUnconditional; });
  require(known && !branches.empty() && branches.size() <= 2 && (branches.size() == 1 || branches[0] < branches[1]),
          code, where, ": branches must be [0], [1] or [0, 1] (0 conditional, 1 unconditional)");
  require(!meta.prompts.empty() && meta.prompts.size() <= kMaxSteps, code, where, ": ", meta.prompts.size(),
          " prompts; 1 to ", kMaxSteps, " are needed");
  require(kind != kShardKind || meta.prompts.size() == 1, code, where, ": ", meta.prompts.size(),
          " prompts; a shard has one");
  for (std::size_t i = 1; i < meta.prompts.size(); ++i) {
    require(meta.prompts[i - 1] < meta.prompts[i], code, where, ": prompt digests ", i - 1, " and ", i,
            " are equal or not ascending");
  }
}

void hash_text(Sha256& hash, const std::string& text) { hash.update_u64(text.size()).update(text); }

template <typename T>
std::vector<T> read_array(const h5::File& file, const h5::Inventory& found, const char* name, std::uint64_t columns,
                          std::vector<T>&&) {
  const h5::DatasetSpec& spec = h5::find_dataset(found, name, h5::kTypeOf<T>, columns);
  return h5::get<T>(file, spec, h5::whole(spec));
}

void set_arrays(const Arrays& arrays, ProfileMeta& meta, const std::string& where) {
  require(arrays.phase_steps.size() == arrays.phase_sigma.size() / 2, ErrorCode::kMalformed, where, ": ",
          arrays.phase_sigma.size() / 2, " rows in 'phase_sigma', ", arrays.phase_steps.size(), " in 'phase_steps'");
  meta.sigmas = arrays.sigmas;
  for (std::size_t i = 0; i < arrays.phase_steps.size(); ++i) {
    meta.phases.push_back({arrays.phase_sigma[2 * i], arrays.phase_sigma[2 * i + 1], arrays.phase_steps[i]});
  }
  for (const std::uint8_t branch : arrays.branches) meta.branches.push_back(static_cast<Branch>(branch));
  meta.prompts.resize(arrays.prompts.size() / sizeof(Digest));
  std::memcpy(meta.prompts.data(), arrays.prompts.data(), arrays.prompts.size());
}

void read_recipe(h5::AttributeReader& reader, SamplingRecipe& recipe) {
  recipe.width = static_cast<std::int64_t>(reader.integer("width", 1, kMaxPixels));
  recipe.height = static_cast<std::int64_t>(reader.integer("height", 1, kMaxPixels));
  recipe.frames = static_cast<std::int64_t>(reader.integer("frames", 1, kMaxPixels));
  recipe.sampler = reader.text("sampler");
  recipe.steps = static_cast<std::uint32_t>(reader.integer("steps", 1, kMaxSteps));
  recipe.shift = reader.number("shift", 0, 1e9);
  recipe.guidance = reader.number("guidance", 0, 1e9);
  recipe.dtype = reader.text("dtype");
  recipe.seed = reader.integer("seed", 0, UINT64_MAX);
}

}  // namespace

void check_meta(const ProfileMeta& meta, const std::string& kind, ErrorCode code, const std::string& where) {
  check_model(meta.model, code, where);
  check_grid(meta.grid, meta.block, code, where);
  require(meta.token_order == "raster", code, where, ": token_order '", meta.token_order, "'; allowed is raster");
  require(meta.sampled_rows >= 1 && meta.sampled_rows <= kMaxSampledRows, code, where, ": sampled_rows ",
          meta.sampled_rows, "; allowed are 1 to ", kMaxSampledRows);
  check_recipe(meta, code, where);
  check_sigmas(meta, code, where);
  check_phase_table(meta, code, where);
  check_lists(meta, kind, code, where);
}

std::vector<h5::Attribute> meta_attributes(const ProfileMeta& meta, const std::string& kind) {
  std::vector<h5::Attribute> attributes;
  add_versions(attributes, kind);
  add_model(attributes, meta.model);
  add_grid(attributes, meta.grid, meta.block);
  attributes.push_back({"tool_version", meta.tool_version});
  attributes.push_back({"token_order", meta.token_order});
  attributes.push_back({"sampled_rows", std::uint64_t{meta.sampled_rows}});
  attributes.push_back({"width", static_cast<std::uint64_t>(meta.recipe.width)});
  attributes.push_back({"height", static_cast<std::uint64_t>(meta.recipe.height)});
  attributes.push_back({"frames", static_cast<std::uint64_t>(meta.recipe.frames)});
  attributes.push_back({"sampler", meta.recipe.sampler});
  attributes.push_back({"steps", std::uint64_t{meta.recipe.steps}});
  attributes.push_back({"shift", meta.recipe.shift});
  attributes.push_back({"guidance", meta.recipe.guidance});
  attributes.push_back({"dtype", meta.recipe.dtype});
  attributes.push_back({"seed", meta.recipe.seed});
  return attributes;
}

void write_meta(h5::File& file, const ProfileMeta& meta, const std::string& kind) {
  for (const h5::Attribute& attribute : meta_attributes(meta, kind)) file.set(attribute);
  const Arrays arrays = arrays_of(meta);
  for_each_array(
      [&](const char* name, auto member, unsigned columns) { h5::put(file, name, arrays.*member, columns); });
}

ProfileMeta read_meta(const h5::File& file, const h5::Inventory& found, const std::string& kind) {
  ProfileMeta meta;
  h5::AttributeReader reader(found);
  read_versions(reader, found.where, kind);
  meta.model = read_model(reader);
  read_grid(reader, meta.grid, meta.block, found.where);
  meta.tool_version = reader.text("tool_version");
  meta.token_order = reader.text("token_order");
  meta.sampled_rows = static_cast<std::uint32_t>(reader.integer("sampled_rows", 1, kMaxSampledRows));
  read_recipe(reader, meta.recipe);
  reader.finish();
  Arrays arrays;
  for_each_array([&](const char* name, auto member, unsigned columns) {
    arrays.*member = read_array(file, found, name, columns, std::move(arrays.*member));
  });
  set_arrays(arrays, meta, found.where);
  check_meta(meta, kind, ErrorCode::kMalformed, found.where);
  return meta;
}

std::vector<h5::DatasetSpec> meta_datasets(const ProfileMeta& meta) {
  std::vector<h5::DatasetSpec> specs;
  const Arrays arrays = arrays_of(meta);
  for_each_array([&](const char* name, auto member, unsigned columns) {
    const auto& values = arrays.*member;
    using Element = typename std::decay_t<decltype(values)>::value_type;
    const h5::Shape dims = columns == 0 ? h5::Shape{values.size()} : h5::Shape{values.size() / columns, columns};
    specs.push_back({name, h5::kTypeOf<Element>, dims, dims});
  });
  return specs;
}

void hash_meta(Sha256& hash, const ProfileMeta& meta, const std::string& kind) {
  std::vector<h5::Attribute> attributes = meta_attributes(meta, kind);
  std::sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const h5::Attribute& attribute : attributes) {
    hash_text(hash, attribute.name);
    if (const auto* integer = std::get_if<std::uint64_t>(&attribute.value)) {
      hash.update_u64(*integer);
    } else if (const auto* number = std::get_if<double>(&attribute.value)) {
      hash.update_u64(std::bit_cast<std::uint64_t>(*number));
    } else {
      hash_text(hash, std::get<std::string>(attribute.value));
    }
  }
  const Arrays arrays = arrays_of(meta);
  for_each_array([&](const char* name, auto member, unsigned) {
    hash_text(hash, name);
    hash.update(std::as_bytes(std::span(arrays.*member)));
  });
}

std::uint32_t first_step(const ProfileMeta& meta, std::uint32_t phase) {
  std::uint32_t step = 0;
  for (std::uint32_t i = 0; i < phase; ++i) step += meta.phases[i].steps;
  return step;
}

std::size_t branch_index(const ProfileMeta& meta, Branch branch) {
  return static_cast<std::size_t>(std::find(meta.branches.begin(), meta.branches.end(), branch) -
                                  meta.branches.begin());
}

}  // namespace wean
