// sentencepiece_model.proto: ModelProto { pieces = 1, trainer_spec = 2, normalizer_spec = 3 }.
#include <bit>
#include <cstring>

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/text/tokenizer_files.h"

namespace wean::models {
namespace {

constexpr std::size_t kMaxPieces = 1'000'000;
constexpr std::uint64_t kUnigram = 1, kControl = 3, kUserDefined = 4;

/// One field of a message: its number, and its value as an integer or as bytes.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;
  std::string_view bytes;
};

/// Walks the fields of a message; every read is checked against its end.
class Message {
 public:
  Message(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}
  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }

  Field next() {
    const std::uint64_t tag = varint();
    Field field;
    field.number = tag >> 3U;
    switch (tag & 7U) {
      case 0:
        field.integer = varint();
        break;
      case 1:
        field.integer = fixed(8);
        break;
      case 2:
        field.bytes = take(varint());
        break;
      case 5:
        field.integer = fixed(4);
        break;
      default:
        fail(ErrorCode::kMalformed, where_, ": not a SentencePiece model (wire type ", tag & 7U, ")");
    }
    return field;
  }

 private:
  std::string_view take(std::uint64_t size) {
    require(size <= rest_.size(), ErrorCode::kMalformed, where_, ": a field of ", size, " bytes where ", rest_.size(),
            " follow: the file is cut off or not a SentencePiece model");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::uint64_t fixed(std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    fail(ErrorCode::kMalformed, where_, ": not a SentencePiece model (an integer of more than 10 bytes)");
  }

  std::string_view rest_;
  const std::string& where_;
};

void read_piece(std::string_view bytes, TokenizerFiles& out) {
  require(out.pieces.size() < kMaxPieces, ErrorCode::kMalformed, out.where, ": more than ", kMaxPieces, " pieces");
  Piece piece;
  std::uint64_t type = 1;
  for (Message message(bytes, out.where); !message.done();) {
    const Field field = message.next();
    if (field.number == 1) piece.text = field.bytes;
    if (field.number == 2) piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field.integer));
    if (field.number == 3) type = field.integer;
  }
  require(!invalid_utf8_at(piece.text), ErrorCode::kMalformed, out.where, ": piece ", out.pieces.size(),
          " is not UTF-8");
  if (type == kControl || type == kUserDefined) add_token(out, {piece.text}, out.where);
  out.pieces.push_back(std::move(piece));
}

}  // namespace

void read_sentencepiece(std::string_view model, TokenizerFiles& out) {
  std::uint64_t model_type = kUnigram;
  for (Message message(model, out.where); !message.done();) {
    const Field field = message.next();
    if (field.number == 1) read_piece(field.bytes, out);
    if (field.number == 2) {
      for (Message spec(field.bytes, out.where); !spec.done();) {
        const Field part = spec.next();
        if (part.number == 3) model_type = part.integer;
      }
    }
    if (field.number == 3) {
      for (Message spec(field.bytes, out.where); !spec.done();) {
        const Field part = spec.next();
        if (part.number == 2) out.chars_map = part.bytes;
      }
    }
  }
  require(model_type == kUnigram, ErrorCode::kUsage, out.where, ": SentencePiece model type ", model_type,
          " is not supported; allowed is 1, unigram");
}

}  // namespace wean::models
