// What the attention benchmark runs: one shape and its tensors.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wean::bench {

/// Tensors are [tokens, heads, head_dim] float32, contiguous.
struct AttentionCase {
  std::int64_t tokens = 4096;
  std::int64_t heads = 2;
  std::int64_t head_dim = 64;
  std::int64_t block = 128;
  int threads = 2;
  int repeats = 7;
  std::vector<float> q, k, v;
};

/// One contender: `run` does the whole attention once.
struct Contender {
  std::string name;
  double density = 1;
  std::function<void()> run;
};

/// LibTorch's scaled_dot_product_attention on the same tensors, with the same threads.
[[nodiscard]] std::vector<Contender> torch_contenders(const AttentionCase& attention);

}  // namespace wean::bench
