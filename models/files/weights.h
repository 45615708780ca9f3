// Named weights as LibTorch tensors: each module takes what it needs by name and shape, and nothing may be left over.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "models/files/tensor_set.h"

namespace wean::models {

/// Hands out the tensors of one component. Thread-compatible.
///
/// Modules receive a Weights and a prefix: `w.take(prefix + "attn1.to_q.weight", {dim, dim})`. A tensor may be taken
/// more than once. Taken tensors are copies, in memory of the wanted type and device; beside them at most one tensor is
/// held in the file's type, on the CPU.
class Weights {
 public:
  Weights(std::shared_ptr<const TensorSet> set, c10::Device device, c10::ScalarType type);

  [[nodiscard]] bool has(const std::string& name) const noexcept;
  /// Contiguous tensor on the device, converted to this object's type, or to `type` where a module computes in another.
  /// Throws kMalformed naming file and tensor when it is missing, has another shape (found and expected are printed) or
  /// is not F32, BF16 or F16; kNotFinite with the index of the first NaN or Inf.
  [[nodiscard]] at::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape);
  [[nodiscard]] at::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape, c10::ScalarType type);
  /// Names never taken, sorted.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  /// Throws kMalformed naming the first leftovers: a file with weights that the model does not use is another model.
  void require_all_taken() const;

  [[nodiscard]] c10::Device device() const noexcept { return device_; }
  [[nodiscard]] c10::ScalarType type() const noexcept { return type_; }

 private:
  std::shared_ptr<const TensorSet> set_;
  c10::Device device_;
  c10::ScalarType type_;
  std::unordered_set<std::string> taken_;
};

}  // namespace wean::models
