/* Opens a mask file, prints its facts, and runs the attention of one layer on noise: c_minimal MASKS.wean [SIGMA] */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wean/wean.h>

/* Every failing call says why in wean_last_error(). */
static void check(wean_status status) {
  if (status == WEAN_OK) return;
  fprintf(stderr, "c_minimal: %s\n", wean_last_error());
  exit((int)status);
}

static float* noise(size_t count) {
  float* values = malloc(count * sizeof *values);
  if (values == NULL) exit(1);
  for (size_t i = 0; i < count; ++i) values[i] = (float)rand() / (float)RAND_MAX - 0.5F;
  return values;
}

static void print_facts(const wean_masks* masks, const wean_masks_facts* facts) {
  printf("%u layers x %u heads of %u, grid %ux%ux%u, blocks %ux%u, g %.4f\n", facts->layers, facts->heads,
         facts->head_dim, facts->grid_frames, facts->grid_height, facts->grid_width, facts->q_block, facts->k_block,
         facts->global_density);
  for (uint32_t phase = 0; phase < facts->phases; ++phase) {
    double high, low, density;
    uint32_t steps;
    check(wean_masks_phase(masks, phase, &high, &low, &steps, &density));
    printf("phase %u: sigma (%.4f, %.4f], %u steps, density %.4f\n", phase, low, high, steps, density);
  }
}

/* Tensors here are [tokens][heads][head_dim]; any other order is a matter of strides. */
static void attend(const wean_masks* masks, const wean_masks_facts* facts, double sigma) {
  const size_t row = (size_t)facts->heads * facts->head_dim, count = facts->q_tokens * row;
  float *q = noise(count), *k = noise(count), *v = noise(count), *o = noise(count);
  wean_site site = {0, 0, 0, 0}; /* conditional branch, first expert, first layer */
  wean_attention_params params;
  check(wean_masks_phase_of_sigma(masks, sigma, &site.phase));
  wean_attention_params_init(&params);
  params.tokens = facts->q_tokens, params.heads = facts->heads, params.head_dim = facts->head_dim;
  params.q = q, params.k = k, params.v = v, params.o = o;
  params.q_stride_token = params.k_stride_token = params.v_stride_token = params.o_stride_token = (int64_t)row;
  params.q_stride_head = params.k_stride_head = params.v_stride_head = params.o_stride_head = facts->head_dim;
  check(wean_attention_cpu(masks, &site, &params));
  printf("attention of layer 0 at sigma %.3f, phase %u: o[0] = %f\n", sigma, site.phase, (double)o[0]);
  free(q), free(k), free(v), free(o);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: c_minimal MASKS.wean [SIGMA]\n");
    return 2;
  }
  wean_masks* masks = NULL;
  wean_masks_facts facts;
  check(wean_masks_open(argv[1], NULL, &masks));
  wean_masks_facts_init(&facts);
  check(wean_masks_facts_get(masks, &facts));
  print_facts(masks, &facts);
  attend(masks, &facts, argc > 2 ? atof(argv[2]) : 0.5);
  wean_masks_close(masks);
  return 0;
}
