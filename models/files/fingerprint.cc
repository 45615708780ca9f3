#include "models/files/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/base/parallel.h"

namespace wean::models {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kInnerBlocks = 8;
constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;  // memory of each thread

using ContentDigest = Digest (*)(const TensorView&);

Sha256& update_digest(Sha256& hash, const Digest& digest) { return hash.update(std::as_bytes(std::span(digest))); }

Sha256& update_text(Sha256& hash, std::string_view text) { return hash.update_u64(text.size()).update(text); }

Digest leaf(const TensorView& tensor, std::string_view kind, const ContentDigest& content) {
  Sha256 hash;
  update_text(hash, kind);
  update_text(hash, tensor.name);
  update_text(hash, to_string(tensor.dtype));
  hash.update_u64(tensor.shape.size());
  for (const std::int64_t size : tensor.shape) hash.update_u64(static_cast<std::uint64_t>(size));
  return update_digest(hash, content(tensor)).finish();
}

/// Pairs are joined level by level; the last of an odd level rises unchanged.
Digest merkle_root(std::vector<Digest> level) {
  while (level.size() > 1) {
    std::vector<Digest> above;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      Sha256 hash;
      update_text(hash, "wean-node-1");
      update_digest(hash, level[i]);
      above.push_back(update_digest(hash, level[i + 1]).finish());
    }
    if (level.size() % 2 == 1) above.push_back(level.back());
    level = std::move(above);
  }
  return level.empty() ? Digest{} : level.front();
}

Digest tree(const TensorSet& set, const std::string& kind, const ContentDigest& content) {
  const std::vector<TensorView>& tensors = set.tensors();
  std::vector<Digest> leaves(tensors.size());
  parallel_for(static_cast<std::int64_t>(tensors.size()), 0, [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    leaves[at] = leaf(tensors[at], kind + "-leaf-1", content);
  });
  Sha256 hash;
  update_text(hash, kind + "-root-1").update_u64(tensors.size());
  return update_digest(hash, merkle_root(std::move(leaves))).finish();
}

void hash_bytes(Sha256& hash, const TensorView& tensor, std::uint64_t begin, std::uint64_t size) {
  std::vector<std::byte> piece;
  for (std::uint64_t done = 0; done < size; done += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min(kPiece, size - done)));
    tensor.read(begin + done, piece);
    hash.update(piece);
  }
}

Digest whole_digest(const TensorView& tensor) {
  Sha256 hash;
  hash_bytes(hash, tensor, 0, tensor.size);
  return hash.finish();
}

Digest sample_digest(const TensorView& tensor) {
  if (tensor.size <= (kInnerBlocks + 2) * kBlock) return whole_digest(tensor);
  const std::uint64_t blocks = tensor.size / kBlock;
  Sha256 hash;
  hash_bytes(hash, tensor, 0, kBlock);
  for (std::uint64_t i = 1; i <= kInnerBlocks; ++i) {
    hash_bytes(hash, tensor, i * blocks / (kInnerBlocks + 1) * kBlock, kBlock);
  }
  hash_bytes(hash, tensor, tensor.size - kBlock, kBlock);
  return hash.finish();
}

}  // namespace

Digest weights_fingerprint(const TensorSet& set) { return tree(set, "wean-weights", whole_digest); }

Digest quick_fingerprint(const TensorSet& set) { return tree(set, "wean-quick", sample_digest); }

Digest config_fingerprint(const std::string& family, const TransformerConfig& config) {
  Sha256 hash;
  update_text(hash, "wean-config-1");
  update_text(hash, family);
  for (const std::int64_t value :
       {config.patch[0], config.patch[1], config.patch[2], config.heads, config.head_dim, config.layers,
        config.in_channels, config.out_channels, config.text_dim, config.freq_dim, config.ffn_dim, config.text_len,
        std::int64_t{config.cross_attn_norm}}) {
    hash.update_u64(static_cast<std::uint64_t>(value));
  }
  return hash.update_u64(std::bit_cast<std::uint64_t>(config.eps)).finish();
}

}  // namespace wean::models
