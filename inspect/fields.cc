#include "inspect/fields.h"

#include <fmt/format.h>

namespace wean::inspect {
namespace {

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

void add_model(Fields& fields, const ModelIdentity& model) {
  fields.push_back({"family", model.family});
  fields.push_back({"experts", std::uint64_t{model.experts}});
  fields.push_back({"layers", std::uint64_t{model.layers}});
  fields.push_back({"heads", std::uint64_t{model.heads}});
  fields.push_back({"head_dim", std::uint64_t{model.head_dim}});
  fields.push_back({"weights", to_hex(model.weights)});
  fields.push_back({"config", to_hex(model.config)});
  fields.push_back({"quick", to_hex(model.quick)});
}

void add_grid(Fields& fields, const Grid& grid) {
  fields.push_back({"grid", wean::to_string(grid)});
  fields.push_back({"tokens", number(grid.tokens())});
}

/// Bounds with all their digits: `diff` compares the text.
template <typename AnyPhase>
void add_phases(Fields& fields, const std::vector<AnyPhase>& phases) {
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const AnyPhase& phase = phases[i];
    fields.push_back({fmt::format("phase {}", i),
                      fmt::format("sigma ({}, {}], {} steps", phase.sigma_low, phase.sigma_high, phase.steps)});
  }
}

std::string joined(const auto& values, const auto& text_of) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + std::string(text_of(value));
  return text;
}

void add_recipe(Fields& fields, const SamplingRecipe& recipe) {
  fields.push_back({"video", fmt::format("{}x{}, {} frames", recipe.width, recipe.height, recipe.frames)});
  fields.push_back({"sampler", recipe.sampler});
  fields.push_back({"steps", std::uint64_t{recipe.steps}});
  fields.push_back({"shift", recipe.shift});
  fields.push_back({"guidance", recipe.guidance});
  fields.push_back({"dtype", recipe.dtype});
  fields.push_back({"seed", recipe.seed});
}

}  // namespace

std::string to_string(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* count = std::get_if<std::uint64_t>(&value)) return fmt::format("{}", *count);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.6g}", *real);
  return std::get<bool>(value) ? "yes" : "no";
}

std::string to_exact_string(const FieldValue& value) {
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? fmt::format("{}", *real) : to_string(value);
}

std::string block_text(const BlockGeometry& geometry) {
  return fmt::format("{}x{}", geometry.q_block, geometry.k_block);
}

Fields fields_of(const MaskMeta& meta) {
  Fields fields;
  add_model(fields, meta.model);
  fields.push_back({"recipe", to_hex(meta.recipe)});
  add_grid(fields, meta.grid);
  fields.push_back({"block", block_text(meta.geometry)});
  fields.push_back({"rows", number(meta.geometry.rows())});
  fields.push_back({"cols", number(meta.geometry.cols())});
  fields.push_back({"branches", std::uint64_t{meta.branches}});
  fields.push_back({"global_density", meta.global_density});
  add_phases(fields, meta.phases);
  return fields;
}

Fields fields_of(const Plan& plan) {
  Fields fields;
  fields.push_back({"tool_version", plan.tool_version});
  fields.push_back({"method", plan.method});
  fields.push_back({"options", plan.options});
  fields.push_back({"profile", to_hex(plan.profile)});
  add_model(fields, plan.model);
  add_grid(fields, plan.grid);
  fields.push_back({"block", std::uint64_t{plan.block}});
  fields.push_back({"sampler", plan.schedule.sampler});
  fields.push_back({"steps", std::uint64_t{plan.schedule.steps}});
  fields.push_back({"shift", plan.schedule.shift});
  fields.push_back({"row_floor", plan.row_floor});
  fields.push_back({"keep_diagonal", plan.keep_diagonal});
  fields.push_back({"global_density", plan.global_density});
  fields.push_back({"profile_phases",
                    joined(plan.phases, [](const PlanPhase& phase) { return std::to_string(phase.profile_phase); })});
  add_phases(fields, plan.phases);
  return fields;
}

Fields fields_of(const ProfileMeta& meta) {
  Fields fields;
  fields.push_back({"tool_version", meta.tool_version});
  add_model(fields, meta.model);
  add_recipe(fields, meta.recipe);
  add_grid(fields, meta.grid);
  fields.push_back({"block", std::uint64_t{meta.block}});
  fields.push_back({"token_order", meta.token_order});
  fields.push_back({"branches", joined(meta.branches, [](Branch branch) { return wean::to_string(branch); })});
  fields.push_back({"sampled_rows", std::uint64_t{meta.sampled_rows}});
  fields.push_back({"prompts", std::uint64_t{meta.prompts.size()}});
  for (std::size_t i = 0; i < meta.prompts.size(); ++i) {
    fields.push_back({fmt::format("prompt {}", i), to_hex(meta.prompts[i])});
  }
  fields.push_back({"sigmas", joined(meta.sigmas, [](double sigma) { return fmt::format("{}", sigma); })});
  add_phases(fields, meta.phases);
  return fields;
}

}  // namespace wean::inspect
