#include "models/text/embeddings.h"

#include <ATen/ATen.h>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/files/checkpoint.h"
#include "models/files/weights.h"

namespace wean::models {

PromptEmbeddings::PromptEmbeddings(const std::filesystem::path& path, std::int64_t text_len, std::int64_t text_dim)
    : set_(open_tensor_file(path)), text_len_(text_len) {
  for (const TensorView& view : set_->tensors()) {
    const bool digest = view.name.size() == 64 && view.name.find_first_not_of("0123456789abcdef") == std::string::npos;
    require(digest, ErrorCode::kMalformed, path.string(), ": tensor '", view.name,
            "'; names must be the SHA-256 of a prompt, 64 hexadecimal digits");
    const bool fits = view.shape.size() == 2 && view.shape[0] <= text_len && view.shape[1] == text_dim;
    require(fits, ErrorCode::kMalformed, path.string(), ": tensor '", view.name, "': shape ", shape_text(view.shape),
            "; at most ", text_len, " rows of ", text_dim, " are allowed for this model");
  }
}

at::Tensor PromptEmbeddings::find(const std::string& prompt, c10::Device device, c10::ScalarType type) const {
  const std::string name = to_hex(sha256(prompt));
  const TensorView* view = set_->find(name);
  require(view != nullptr, ErrorCode::kUsage, set_->where().string(), ": no embedding of the prompt '",
          printable(prompt), "', whose SHA-256 is ", name);
  const at::Tensor rows = Weights(set_, device, type).take(name, view->shape);
  return at::constant_pad_nd(rows, {0, 0, 0, text_len_ - rows.size(0)});
}

}  // namespace wean::models
