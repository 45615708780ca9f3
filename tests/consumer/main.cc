// The same page with the C++ interface, and one attention call. usage: cpp_consumer v1-tiny.wean
#include <cmath>
#include <cstdio>
#include <vector>
#include <wean/wean.hpp>

namespace {

/// With equal scores everywhere attention is the mean of the kept values: token values of head 1 are 0..9, and query
/// token 0 keeps key blocks 0 and 1, tokens 0 to 7.
bool mean_of_kept_tokens(const wean::Masks& masks) {
  constexpr int kTokens = 10, kHeads = 3, kDim = 64;
  std::vector<float> q(kTokens * kHeads * kDim, 0.0F), v(q.size()), o(q.size());
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i / (kHeads * kDim));
  wean_attention_params params;
  wean_attention_params_init(&params);
  params.tokens = kTokens;
  params.heads = kHeads;
  params.head_dim = kDim;
  params.q = params.k = q.data();
  params.v = v.data();
  params.o = o.data();
  params.batch = 1;
  params.q_stride_token = params.k_stride_token = params.v_stride_token = params.o_stride_token = kHeads * kDim;
  params.q_stride_head = params.k_stride_head = params.v_stride_head = params.o_stride_head = kDim;
  params.q_stride_batch = params.k_stride_batch = params.v_stride_batch = params.o_stride_batch =
      kTokens * kHeads * kDim;
  masks.attention_cpu({1, 0, 0, 0}, params);
  return std::fabs(o[0] - 4.5F) < 1e-5F && std::fabs(o[kDim] - 3.5F) < 1e-5F;
}

bool missing_file_throws() {
  try {
    const wean::Masks masks("/none/at/all.wean");
  } catch (const wean::StatusError& error) {
    return error.status() == WEAN_ERROR_IO;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const wean::Masks masks(argv[1]);
  const bool facts = masks.facts().heads == 3 && masks.phase(1).steps == 3 && masks.phase_of_sigma(0.9) == 0;
  const bool bits = masks.bits({0, 0, 0, 0}, 1).dense() && !masks.bits({1, 0, 0, 0}, 1).dense();
  const bool attention = mean_of_kept_tokens(masks);
  const bool throws = missing_file_throws();
  std::printf("facts %d, bits %d, attention %d, throws %d\n", facts, bits, attention, throws);
  return facts && bits && attention && throws ? 0 : 1;
}
