#include <cmath>

#include "runtime/src/guard.h"
#include "runtime/src/handle.h"

namespace wean::runtime {

SectionKey section_of(const wean_masks& masks, const wean_site& site) {
  const std::uint32_t branches = masks.reader.meta().branches;
  // Before the cast: Branch has 8 bits.
  require(site.branch < branches, ErrorCode::kUsage, "site.branch ", site.branch, "; allowed are 0 to ", branches - 1);
  return {site.phase, static_cast<Branch>(site.branch), site.expert, site.layer};
}

namespace {

// Sizes in version 1.0 of the interface; later versions only grow.
constexpr std::size_t kFirstOpenParams = 16;
constexpr std::size_t kFirstFacts = 208;
static_assert(sizeof(wean_open_params) == kFirstOpenParams && sizeof(wean_masks_facts) == kFirstFacts);

wean_open_params default_open_params() { return {sizeof(wean_open_params), 0, 0, 0}; }

void copy_digest(const Digest& digest, std::uint8_t (&to)[32]) { std::copy(digest.begin(), digest.end(), to); }

wean_masks_facts facts_of(const MaskMeta& meta) {
  wean_masks_facts facts = {};
  facts.phases = static_cast<std::uint32_t>(meta.phases.size());
  facts.branches = meta.branches;
  facts.experts = meta.model.experts;
  facts.layers = meta.model.layers;
  facts.heads = meta.model.heads;
  facts.head_dim = meta.model.head_dim;
  facts.grid_frames = static_cast<std::uint32_t>(meta.grid.frames);
  facts.grid_height = static_cast<std::uint32_t>(meta.grid.height);
  facts.grid_width = static_cast<std::uint32_t>(meta.grid.width);
  facts.q_block = static_cast<std::uint32_t>(meta.geometry.q_block);
  facts.k_block = static_cast<std::uint32_t>(meta.geometry.k_block);
  facts.q_tokens = static_cast<std::uint64_t>(meta.geometry.q_tokens);
  facts.k_tokens = static_cast<std::uint64_t>(meta.geometry.k_tokens);
  facts.global_density = meta.global_density;
  copy_digest(meta.model.weights, facts.model_weights);
  copy_digest(meta.model.config, facts.model_config);
  copy_digest(meta.model.quick, facts.model_quick);
  copy_digest(meta.recipe, facts.recipe);
  return facts;
}

wean_masks* open_masks(const char* path, const wean_open_params& params) {
  require(params.verify <= 1, ErrorCode::kUsage, "wean_open_params.verify ", params.verify, "; allowed are 0 and 1");
  require(params.map <= 1, ErrorCode::kUsage, "wean_open_params.map ", params.map, "; allowed are 0 and 1");
  require(params.reserved == 0, ErrorCode::kUsage, "wean_open_params.reserved ", params.reserved, "; allowed is 0");
  return new wean_masks{MaskReader(path, params.verify == 0 ? VerifyMode::kFull : VerifyMode::kTable,
                                   params.map == 0 ? Residence::kCopy : Residence::kMap)};
}

}  // namespace
}  // namespace wean::runtime

using namespace wean;           // NOLINT: the functions below are C and live outside every namespace
using namespace wean::runtime;  // NOLINT

void wean_open_params_init(wean_open_params* params) {
  if (params != nullptr) *params = default_open_params();
}

wean_status wean_masks_open(const char* path, const wean_open_params* params, wean_masks** masks) {
  return guard([&] {
    require_argument(path, "path");
    require_argument(masks, "masks");
    const wean_open_params defaults = default_open_params();
    *masks = open_masks(
        path, params == nullptr ? defaults : read_params("wean_open_params", params, kFirstOpenParams, defaults));
  });
}

void wean_masks_close(wean_masks* masks) { delete masks; }

void wean_masks_facts_init(wean_masks_facts* facts) {
  if (facts == nullptr) return;
  *facts = {};
  facts->struct_size = sizeof(wean_masks_facts);
}

wean_status wean_masks_facts_get(const wean_masks* masks, wean_masks_facts* facts) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(facts, "facts");
    const std::uint32_t size = facts->struct_size;
    require(size >= kFirstFacts && size <= 4096, ErrorCode::kUsage, "wean_masks_facts.struct_size ", size,
            "; allowed are ", kFirstFacts, " to 4096; use wean_masks_facts_init");
    wean_masks_facts all = facts_of(masks->reader.meta());
    all.struct_size = size;
    std::memcpy(facts, &all, std::min<std::size_t>(size, sizeof all));
    if (size > sizeof all) std::memset(reinterpret_cast<char*>(facts) + sizeof all, 0, size - sizeof all);
  });
}

wean_status wean_masks_phase(const wean_masks* masks, uint32_t phase, double* sigma_high, double* sigma_low,
                             uint32_t* steps, double* density) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(sigma_high, "sigma_high");
    require_argument(sigma_low, "sigma_low");
    require_argument(steps, "steps");
    require_argument(density, "density");
    const double kept = masks->reader.phase_density(phase);
    const MaskPhase& found = masks->reader.meta().phases[phase];
    *sigma_high = found.sigma_high;
    *sigma_low = found.sigma_low;
    *steps = found.steps;
    *density = kept;
  });
}

wean_status wean_masks_phase_of_sigma(const wean_masks* masks, double sigma, uint32_t* phase) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(phase, "phase");
    require(sigma >= 0 && sigma <= 1, ErrorCode::kUsage, "sigma ", sigma, "; allowed are 0 to 1");
    *phase = static_cast<std::uint32_t>(phase_of(masks->reader.meta().phases, sigma));
  });
}

wean_status wean_masks_verify(const wean_masks* masks, uint32_t first_phase, uint32_t phases) {
  return guard([&] {
    require_argument(masks, "masks");
    const std::size_t known = masks->reader.meta().phases.size();
    require(first_phase < known, ErrorCode::kUsage, "first_phase ", first_phase, "; allowed are 0 to ", known - 1);
    masks->reader.validate(first_phase, phases == 0 ? static_cast<std::uint32_t>(known) - first_phase : phases);
  });
}

wean_status wean_masks_bits(const wean_masks* masks, const wean_site* site, uint32_t head, const uint32_t** words,
                            uint32_t* rows, uint32_t* words_per_row) {
  return guard([&] {
    require_argument(masks, "masks");
    require_argument(site, "site");
    require_argument(words, "words");
    require_argument(rows, "rows");
    require_argument(words_per_row, "words_per_row");
    const auto bits = masks->reader.bits(section_of(*masks, *site), head);
    const BlockGeometry& geometry = masks->reader.meta().geometry;
    *words = bits.empty() ? nullptr : bits.data();
    *rows = static_cast<std::uint32_t>(geometry.rows());
    *words_per_row = static_cast<std::uint32_t>(geometry.words());
  });
}
