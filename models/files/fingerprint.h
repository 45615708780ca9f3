// Fingerprints of a model; models/fingerprints.md is their normative definition.
#pragma once
#include <string>

#include "common/base/digest.h"
#include "models/files/config.h"
#include "models/files/tensor_set.h"

namespace wean::models {

/// Merkle root over (name, dtype, shape, SHA-256 of all bytes) in the order of canonical names. Independent of layout,
/// sharding, key order and metadata. Reads every byte, tensors in parallel, 4 MiB at a time in each thread. Throws kIo.
[[nodiscard]] Digest weights_fingerprint(const TensorSet& set);
/// The same tree over samples: at most 40 KiB of each tensor.
[[nodiscard]] Digest quick_fingerprint(const TensorSet& set);
/// Over the fields that change what the transformer computes.
[[nodiscard]] Digest config_fingerprint(const std::string& family, const TransformerConfig& config);

}  // namespace wean::models
