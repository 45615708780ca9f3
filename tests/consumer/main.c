/* Opens the worked example of schemas/masks.md (tests/golden/masks/v1-tiny.wean) with the C interface; exit 0 when
 * every fact is as that page says. usage: c_consumer v1-tiny.wean */
#include <stdio.h>
#include <wean/wean.h>

static int failures = 0;
#define EXPECT(condition)                                                                   \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      failures++;                                                                           \
      fprintf(stderr, "%d: %s; last error: %s\n", __LINE__, #condition, wean_last_error()); \
    }                                                                                       \
  } while (0)

static void expect_band(const wean_masks* masks) {
  const uint32_t band[3] = {3, 7, 6};
  const wean_site site = {1, 1, 0, 0};
  const uint32_t* words = NULL;
  uint32_t rows = 0, words_per_row = 0, u;
  EXPECT(wean_masks_bits(masks, &site, 0, &words, &rows, &words_per_row) == WEAN_OK);
  EXPECT(words == NULL); /* head 0 is dense */
  EXPECT(wean_masks_bits(masks, &site, 2, &words, &rows, &words_per_row) == WEAN_OK);
  EXPECT(rows == 3 && words_per_row == 1 && words != NULL);
  for (u = 0; u < 3 && words != NULL; ++u) EXPECT(words[u] == band[u]);
}

static void expect_facts(const wean_masks* masks) {
  wean_masks_facts facts;
  uint32_t phase = 9;
  wean_masks_facts_init(&facts);
  EXPECT(wean_masks_facts_get(masks, &facts) == WEAN_OK);
  EXPECT(facts.phases == 2 && facts.layers == 1 && facts.heads == 3 && facts.head_dim == 64);
  EXPECT(facts.q_tokens == 10 && facts.q_block == 4 && facts.grid_width == 5);
  EXPECT(facts.model_weights[0] == 0x00 && facts.recipe[31] == 0x7F);
  EXPECT(wean_masks_phase_of_sigma(masks, 0.75, &phase) == WEAN_OK && phase == 1);
}

int main(int argc, char** argv) {
  wean_masks* masks = NULL;
  EXPECT(argc == 2);
  EXPECT(wean_masks_open("/none/at/all.wean", NULL, &masks) == WEAN_ERROR_IO);
  EXPECT(masks == NULL && wean_last_error()[0] != '\0');
  EXPECT(wean_masks_open(argv[1], NULL, &masks) == WEAN_OK);
  if (masks != NULL) {
    expect_facts(masks);
    expect_band(masks);
  }
  wean_masks_close(masks);
  printf("libwean %s, ABI %#x: %d failures\n", wean_version(), (unsigned)wean_abi_version(), failures);
  return failures != 0;
}
