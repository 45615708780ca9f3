/* wean.h as a C program uses it: compiled as C11, checks conventions, errors and facts of a golden file.
 * usage: runtime_c_test GOLDEN_FILE */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wean/wean.h"

static int failures = 0;
#define CHECK(condition)                                                                         \
  do {                                                                                           \
    if (!(condition)) {                                                                          \
      ++failures;                                                                                \
      fprintf(stderr, "line %d: %s; last error: %s\n", __LINE__, #condition, wean_last_error()); \
    }                                                                                            \
  } while (0)

static void check_nulls(const wean_masks* masks) {
  double low = 0, high = 0, density = 0;
  uint32_t number = 0;
  const uint32_t* words = NULL;
  wean_site site = {0, 0, 0, 0};
  wean_masks* opened = NULL;
  wean_masks_close(NULL);
  wean_open_params_init(NULL);
  wean_masks_facts_init(NULL);
  wean_attention_params_init(NULL);
  CHECK(wean_masks_open(NULL, NULL, &opened) == WEAN_ERROR_USAGE);
  CHECK(strcmp(wean_last_error(), "path is NULL; a pointer is required") == 0);
  CHECK(wean_masks_open("x", NULL, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_facts_get(NULL, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_facts_get(masks, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase(NULL, 0, &high, &low, &number, &density) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase(masks, 0, NULL, &low, &number, &density) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase(masks, 0, &high, NULL, &number, &density) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase(masks, 0, &high, &low, NULL, &density) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase(masks, 0, &high, &low, &number, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase_of_sigma(NULL, 0.5, &number) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase_of_sigma(masks, 0.5, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_verify(NULL, 0, 0) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_verify(masks, 9, 0) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_verify(masks, 0, 0) == WEAN_OK);
  CHECK(wean_masks_bits(NULL, &site, 0, &words, &number, &number) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_bits(masks, NULL, 0, &words, &number, &number) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_bits(masks, &site, 0, NULL, &number, &number) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_bits(masks, &site, 0, &words, NULL, &number) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_bits(masks, &site, 0, &words, &number, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_attention_cpu(NULL, &site, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_attention_cpu(masks, NULL, NULL) == WEAN_ERROR_USAGE);
  CHECK(wean_attention_cpu(masks, &site, NULL) == WEAN_ERROR_USAGE);
}

static void check_facts(const wean_masks* masks) {
  wean_masks_facts facts;
  wean_masks_facts_init(&facts);
  CHECK(wean_masks_facts_get(masks, &facts) == WEAN_OK);
  CHECK(facts.phases == 2 && facts.branches == 2 && facts.experts == 1 && facts.layers == 2);
  CHECK(facts.heads == 4 && facts.head_dim == 64);
  CHECK(facts.grid_frames == 7 && facts.grid_height == 13 && facts.grid_width == 14);
  CHECK(facts.q_block == 16 && facts.k_block == 16 && facts.q_tokens == 1274 && facts.k_tokens == 1274);
  CHECK(facts.global_density > 0.4 && facts.global_density < 0.9);
  CHECK(facts.model_weights[5] == 5 && facts.model_config[0] == 32 && facts.model_quick[31] == 95);
  CHECK(facts.recipe[1] == 97);
}

/* A caller of a later header passes a longer struct, one of an earlier header a shorter one. */
static void check_struct_sizes(const wean_masks* masks, const char* path) {
  struct {
    wean_masks_facts known;
    unsigned char later[24];
  } longer;
  struct {
    wean_open_params known;
    uint32_t later;
  } params;
  wean_masks* opened = NULL;
  memset(&longer, 0xEE, sizeof longer);
  longer.known.struct_size = sizeof longer;
  CHECK(wean_masks_facts_get(masks, &longer.known) == WEAN_OK);
  CHECK(longer.known.heads == 4 && longer.later[0] == 0 && longer.later[23] == 0);
  longer.known.struct_size = 8;
  CHECK(wean_masks_facts_get(masks, &longer.known) == WEAN_ERROR_USAGE);

  wean_open_params_init(&params.known);
  params.later = 0;
  params.known.struct_size = sizeof params;
  CHECK(wean_masks_open(path, &params.known, &opened) == WEAN_OK);
  wean_masks_close(opened);
  opened = NULL;
  params.later = 7;
  CHECK(wean_masks_open(path, &params.known, &opened) == WEAN_ERROR_USAGE && opened == NULL);
  CHECK(strstr(wean_last_error(), "this library knows 16 bytes") != NULL);
  params.known.struct_size = 0;
  CHECK(wean_masks_open(path, &params.known, &opened) == WEAN_ERROR_USAGE);
  wean_open_params_init(&params.known);
  params.known.verify = 2;
  CHECK(wean_masks_open(path, &params.known, &opened) == WEAN_ERROR_USAGE);
  CHECK(strcmp(wean_last_error(), "wean_open_params.verify 2; allowed are 0 and 1") == 0);
}

static void check_phases(const wean_masks* masks) {
  double high = -1, low = -1, density = -1;
  uint32_t steps = 99, phase = 99;
  CHECK(wean_masks_phase(masks, 0, &high, &low, &steps, &density) == WEAN_OK);
  CHECK(high == 1.0 && low == 0.8125 && steps == 5 && density > 0 && density < 1);
  CHECK(wean_masks_phase(masks, 2, &high, &low, &steps, &density) == WEAN_ERROR_USAGE);
  CHECK(high == 1.0 && low == 0.8125 && steps == 5);
  CHECK(wean_masks_phase_of_sigma(masks, 1.0, &phase) == WEAN_OK && phase == 0);
  CHECK(wean_masks_phase_of_sigma(masks, 0.8125, &phase) == WEAN_OK && phase == 1);
  CHECK(wean_masks_phase_of_sigma(masks, 0.0, &phase) == WEAN_OK && phase == 1);
  phase = 99;
  CHECK(wean_masks_phase_of_sigma(masks, 1.5, &phase) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase_of_sigma(masks, -0.1, &phase) == WEAN_ERROR_USAGE);
  CHECK(wean_masks_phase_of_sigma(masks, NAN, &phase) == WEAN_ERROR_USAGE && phase == 99);
}

static void check_bits(const wean_masks* masks) {
  wean_site site = {0, 0, 0, 0};
  const uint32_t* words = NULL;
  const uint32_t* again = NULL;
  uint32_t rows = 0, words_per_row = 0;
  CHECK(wean_masks_bits(masks, &site, 0, &words, &rows, &words_per_row) == WEAN_OK);
  CHECK(words != NULL && rows == 80 && words_per_row == 3);
  CHECK(wean_masks_bits(masks, &site, 3, &again, &rows, &words_per_row) == WEAN_OK && again == words);
  CHECK(wean_masks_bits(masks, &site, 1, &words, &rows, &words_per_row) == WEAN_OK && words == NULL);
  CHECK(wean_masks_bits(masks, &site, 4, &words, &rows, &words_per_row) == WEAN_ERROR_USAGE);
  site.branch = 256; /* must not become 0 in a narrower type */
  CHECK(wean_masks_bits(masks, &site, 0, &words, &rows, &words_per_row) == WEAN_ERROR_USAGE);
  CHECK(strcmp(wean_last_error(), "site.branch 256; allowed are 0 to 1") == 0);
}

int main(int argc, char** argv) {
  wean_masks* masks = NULL;
  if (argc != 2) return 2;
  CHECK(wean_abi_version() >> 16 == 1);
  CHECK(strcmp(wean_version(), WEAN_EXPECTED_VERSION) == 0);
  CHECK(strcmp(wean_last_error(), "") == 0);
  CHECK(wean_masks_open("/nonexistent/masks.wean", NULL, &masks) == WEAN_ERROR_IO && masks == NULL);
  CHECK(wean_masks_open(argv[1], NULL, &masks) == WEAN_OK);
  if (masks == NULL) return 1;
  check_nulls(masks);
  check_facts(masks);
  check_struct_sizes(masks, argv[1]);
  check_phases(masks);
  check_bits(masks);
  wean_masks_close(masks);
  if (failures == 0) puts("all checks passed");
  return failures == 0 ? 0 : 1;
}
