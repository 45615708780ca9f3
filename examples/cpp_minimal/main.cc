// Opens a mask file, prints its facts, and runs the attention of one layer on noise: cpp_minimal MASKS.wean [SIGMA]
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>
#include <wean/wean.hpp>

namespace {

void print_facts(const wean::Masks& masks) {
  const wean_masks_facts facts = masks.facts();
  std::printf("%u layers x %u heads of %u, grid %ux%ux%u, blocks %ux%u, g %.4f\n", facts.layers, facts.heads,
              facts.head_dim, facts.grid_frames, facts.grid_height, facts.grid_width, facts.q_block, facts.k_block,
              facts.global_density);
  for (std::uint32_t i = 0; i < facts.phases; ++i) {
    const wean::PhaseFacts phase = masks.phase(i);
    std::printf("phase %u: sigma (%.4f, %.4f], %u steps, density %.4f\n", i, phase.sigma_low, phase.sigma_high,
                phase.steps, phase.density);
  }
}

std::vector<float> noise(std::size_t count) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

/// Tensors here are [tokens][heads][head_dim]; any other order is a matter of strides.
std::vector<float> attend(const wean::Masks& masks, const wean_site& site) {
  const wean_masks_facts facts = masks.facts();
  const std::size_t row = std::size_t{facts.heads} * facts.head_dim;
  const std::vector<float> q = noise(facts.q_tokens * row), k = q, v = q;
  std::vector<float> o(q.size());
  wean_attention_params params;
  wean_attention_params_init(&params);
  params.tokens = facts.q_tokens, params.heads = facts.heads, params.head_dim = facts.head_dim;
  params.q = q.data(), params.k = k.data(), params.v = v.data(), params.o = o.data();
  params.q_stride_token = params.k_stride_token = params.v_stride_token = params.o_stride_token =
      static_cast<std::int64_t>(row);
  params.q_stride_head = params.k_stride_head = params.v_stride_head = params.o_stride_head = facts.head_dim;
  masks.attention_cpu(site, params);
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: cpp_minimal MASKS.wean [SIGMA]\n"), 2;
  try {
    const wean::Masks masks(argv[1]);
    print_facts(masks);
    const double sigma = argc > 2 ? std::atof(argv[2]) : 0.5;
    const wean_site site = {masks.phase_of_sigma(sigma), 0, 0, 0};  // conditional branch, first expert, first layer
    std::printf("attention of layer 0 at sigma %.3f, phase %u: o[0] = %f\n", sigma, site.phase,
                static_cast<double>(attend(masks, site)[0]));
  } catch (const wean::StatusError& error) {
    std::fprintf(stderr, "cpp_minimal: %s\n", error.what());
    return error.status();
  }
}
