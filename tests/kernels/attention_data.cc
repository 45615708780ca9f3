#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/kernels/attention_cases.h"

namespace wean::test {
namespace {

constexpr std::int64_t kPadding = 3;
constexpr unsigned char kPoison = 0xFF;

std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace

Tensor::Tensor(const AttentionCase& attention, std::int64_t tokens)
    : stride_token(attention.head_dim + kPadding),
      batch_(attention.batch),
      tokens_(tokens),
      heads_(attention.heads),
      dim_(attention.head_dim),
      bfloat16_(attention.bfloat16) {
  stride_head = stride_token;
  (attention.head_major ? stride_head : stride_token) *= attention.head_major ? tokens : attention.heads;
  stride_batch = tokens * attention.heads * (attention.head_dim + kPadding);
  bytes_.resize(static_cast<std::size_t>(batch_ * stride_batch * (bfloat16_ ? 2 : 4)), kPoison);
}

void Tensor::fill_normal(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (std::int64_t b = 0; b < batch_; ++b) {
    for (std::int64_t t = 0; t < tokens_; ++t) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        for (std::int64_t d = 0; d < dim_; ++d) set(b, t, h, d, normal(random));
      }
    }
  }
}

void Tensor::poison() { std::fill(bytes_.begin(), bytes_.end(), kPoison); }

bool Tensor::padding_is_poison() const {
  const std::int64_t width = bfloat16_ ? 2 : 4;
  const std::int64_t row = (dim_ + kPadding) * width;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(bytes_.size()); ++i) {
    if (i % row >= dim_ * width && bytes_[static_cast<std::size_t>(i)] != kPoison) return false;
  }
  return true;
}

double Tensor::at(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d) const {
  const auto index = static_cast<std::size_t>(b * stride_batch + token * stride_token + h * stride_head + d);
  float value;
  if (bfloat16_) {
    std::uint16_t half;
    std::memcpy(&half, bytes_.data() + 2 * index, 2);
    value = std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  } else {
    std::memcpy(&value, bytes_.data() + 4 * index, 4);
  }
  return static_cast<double>(value);
}

void Tensor::set(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d, float value) {
  const auto index = static_cast<std::size_t>(b * stride_batch + token * stride_token + h * stride_head + d);
  const std::uint16_t half = to_bfloat16(value);
  if (bfloat16_) {
    std::memcpy(bytes_.data() + 2 * index, &half, 2);
  } else {
    std::memcpy(bytes_.data() + 4 * index, &value, 4);
  }
}

AttentionData::AttentionData(const AttentionCase& attention)
    : q(attention, attention.geometry.q_tokens),
      k(attention, attention.geometry.k_tokens),
      v(attention, attention.geometry.k_tokens),
      o(attention, attention.geometry.q_tokens),
      lse(static_cast<std::size_t>(attention.batch * attention.heads * attention.geometry.q_tokens), std::nanf("")) {
  q.fill_normal(1);
  k.fill_normal(2);
  v.fill_normal(3);
  for (std::int64_t h = 0; h < attention.heads; ++h) bits.push_back(draw_mask(attention, h));
  for (const auto& map : bits) head_bits.push_back(map.empty() ? nullptr : map.data());
}

kernels::BlockSparseAttentionParams AttentionData::params(const AttentionCase& attention) {
  kernels::BlockSparseAttentionParams p;
  p.q = q.data();
  p.k = k.data();
  p.v = v.data();
  p.o = o.data();
  p.log_sum_exp = lse.data();
  p.head_bits = head_bits.data();
  p.type = attention.bfloat16 ? kernels::ElementType::kBfloat16 : kernels::ElementType::kFloat32;
  p.batch = attention.batch;
  p.heads = attention.heads;
  p.q_tokens = attention.geometry.q_tokens;
  p.k_tokens = attention.geometry.k_tokens;
  p.head_dim = attention.head_dim;
  p.q_block = attention.geometry.q_block;
  p.k_block = attention.geometry.k_block;
  p.q_stride_batch = q.stride_batch, p.q_stride_token = q.stride_token, p.q_stride_head = q.stride_head;
  p.k_stride_batch = k.stride_batch, p.k_stride_token = k.stride_token, p.k_stride_head = k.stride_head;
  p.v_stride_batch = v.stride_batch, p.v_stride_token = v.stride_token, p.v_stride_head = v.stride_head;
  p.o_stride_batch = o.stride_batch, p.o_stride_token = o.stride_token, p.o_stride_head = o.stride_head;
  p.scale = attention.scale;
  return p;
}

}  // namespace wean::test
