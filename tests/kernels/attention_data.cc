#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/kernels/attention_cases.h"

namespace wean::test {
namespace {

constexpr unsigned char kPoison = 0xFF;

std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float from_float16(std::uint16_t half) {
  const auto sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t rest = half & 0x7FFFU;
  const float magnitude = rest >= 0x7C00 ? std::bit_cast<float>((rest << 13) | 0x7F800000)
                                         : std::bit_cast<float>(rest << 13) * 0x1p112F;  // exponents 127 - 15 apart
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

std::uint16_t to_float16(float value) {
  const auto sign = static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) >> 16) & 0x8000);
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7E00);
  const float size = std::abs(value);
  if (size >= 65520) return static_cast<std::uint16_t>(sign | 0x7C00);
  // Numbers below 2^-14 are multiples of 2^-24; above, the step grows with the exponent. nearbyint rounds half to even.
  const int exponent = std::max(-14, size == 0 ? -14 : std::ilogb(size));
  const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  return static_cast<std::uint16_t>(sign | (static_cast<std::uint32_t>(exponent + 14) * 1024 + steps));
}

}  // namespace

Tensor::Tensor(const AttentionCase& attention, std::int64_t tokens)
    : stride_token(attention.head_dim + attention.padding),
      batch_(attention.batch),
      tokens_(tokens),
      heads_(attention.heads),
      dim_(attention.head_dim),
      padding_(attention.padding),
      type_(attention.type) {
  stride_head = stride_token;
  (attention.head_major ? stride_head : stride_token) *= attention.head_major ? tokens : attention.heads;
  stride_batch = tokens * attention.heads * (attention.head_dim + attention.padding);
  bytes_.resize(static_cast<std::size_t>(batch_ * stride_batch * (type_ == ValueType::kFloat32 ? 4 : 2)), kPoison);
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
  const std::int64_t width = type_ == ValueType::kFloat32 ? 4 : 2;
  const std::int64_t row = (dim_ + padding_) * width;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(bytes_.size()); ++i) {
    if (i % row >= dim_ * width && bytes_[static_cast<std::size_t>(i)] != kPoison) return false;
  }
  return true;
}

double value_of(ValueType type, const std::vector<unsigned char>& bytes, std::int64_t index) {
  float value;
  if (type == ValueType::kFloat32) {
    std::memcpy(&value, bytes.data() + 4 * index, 4);
    return static_cast<double>(value);
  }
  std::uint16_t half;
  std::memcpy(&half, bytes.data() + 2 * index, 2);
  value =
      type == ValueType::kFloat16 ? from_float16(half) : std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  return static_cast<double>(value);
}

double Tensor::at(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d) const {
  return value_of(type_, bytes_, b * stride_batch + token * stride_token + h * stride_head + d);
}

void Tensor::set(std::int64_t b, std::int64_t token, std::int64_t h, std::int64_t d, float value) {
  const auto index = static_cast<std::size_t>(b * stride_batch + token * stride_token + h * stride_head + d);
  const std::uint16_t half = type_ == ValueType::kFloat16 ? to_float16(value) : to_bfloat16(value);
  if (type_ != ValueType::kFloat32) {
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
  const std::int64_t maps = attention.heads * (attention.mask_per_batch ? attention.batch : 1);
  for (std::int64_t map = 0; map < maps; ++map) bits.push_back(draw_mask(attention, map));
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
  p.type = attention.type == ValueType::kBfloat16 ? kernels::ElementType::kBfloat16 : kernels::ElementType::kFloat32;
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
