#include "models/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/text/chars_map.h"
#include "models/text/prefix_index.h"
#include "models/text/tokenizer_files.h"
#include "models/text/unicode.h"
#include "models/text/unigram.h"

namespace wean::models {
namespace {

constexpr std::int64_t kUnknownId = 2;                   // fixed in transformers' T5Tokenizer
constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581 stands for the space before a word

/// Gives each added token its id: that of the piece of its name, or the next one behind the pieces.
void number(std::vector<AddedToken>& added, const Unigram& unigram, const std::string& where) {
  std::int64_t next = unigram.size();
  for (AddedToken& token : added) {
    const std::int64_t piece = unigram.find(token.text);
    const std::int64_t id = piece >= 0 ? piece : next++;
    require(token.id < 0 || token.id == id, ErrorCode::kMalformed, where, ": added token '", printable(token.text),
            "' has id ", token.id, ", but it is ", id, " by the vocabulary");
    token.id = id;
  }
}

/// Texts of the added tokens, each with its place in the list.
PrefixIndex index_of(const std::vector<AddedToken>& added) {
  std::vector<PrefixIndex::Entry> entries;
  for (std::size_t i = 0; i < added.size(); ++i) entries.emplace_back(added[i].text, static_cast<std::int64_t>(i));
  return PrefixIndex(std::move(entries));
}

/// `text` cut before each space mark.
std::vector<std::string> split_before_marks(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t next = text.find(kSpaceMark, begin + 1);
    const std::size_t end = next == std::string::npos ? text.size() : next;
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

std::string_view without_spaces_after(std::string_view text) {
  const std::u32string characters = decode_utf8(text);
  const auto end = std::find_if_not(characters.rbegin(), characters.rend(), is_white_space).base();
  return text.substr(0, encode_utf8(std::u32string(characters.begin(), end)).size());
}

/// Bytes of white space at the beginning of `text`, and no more than them is looked at.
std::size_t spaces_before(std::string_view text) {
  std::size_t spaces = 0;
  while (spaces < text.size()) {
    std::size_t end = spaces + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    if (!is_white_space(decode_utf8(text.substr(spaces, end - spaces)).front())) break;
    spaces = end;
  }
  return spaces;
}

}  // namespace

struct Tokenizer::Model {
  Unigram unigram;
  CharsMap chars_map;
  std::vector<AddedToken> added;
  PrefixIndex added_index;
  std::int64_t end_id = 0;

  /// The longest added token at the beginning of `text`, null when there is none.
  [[nodiscard]] const AddedToken* longest_at(std::string_view text) const {
    const AddedToken* longest = nullptr;
    added_index.each_prefix(
        text, [&](std::size_t, std::int64_t place) { longest = &added[static_cast<std::size_t>(place)]; });
    return longest;
  }

  /// Text without added tokens: normalised, cut at white space, each word with its space mark. Ends when there are
  /// `enough` ids.
  void encode_plain(std::string_view text, std::size_t enough, std::vector<std::int64_t>& ids) const {
    if (ids.size() >= enough) return;
    const std::u32string characters = decode_utf8(chars_map.normalize(text));
    for (auto at = characters.begin(); at != characters.end() && ids.size() < enough;) {
      at = std::find_if_not(at, characters.end(), is_white_space);
      const auto end = std::find_if(at, characters.end(), is_white_space);
      if (at == end) continue;
      std::string word = encode_utf8(std::u32string(at, end));
      if (!word.starts_with(kSpaceMark)) word.insert(0, kSpaceMark);
      for (const std::string& part : split_before_marks(word)) unigram.encode(part, ids);
      at = end;
    }
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Model> model) : model_(std::move(model)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Tokenizer Tokenizer::open(const std::filesystem::path& folder) { return open(ModelRoot(folder), {}); }

Tokenizer Tokenizer::open(const ModelRoot& root, const std::filesystem::path& folder) {
  TokenizerFiles files = read_tokenizer_files(root, folder);
  require(!files.pieces.empty(), ErrorCode::kMalformed, files.where, ": no pieces");
  auto model = std::make_unique<Model>(Model{Unigram(files.pieces, kUnknownId, files.where),
                                             CharsMap(files.chars_map, files.where),
                                             std::move(files.added),
                                             {},
                                             0});
  number(model->added, model->unigram, files.where);
  model->added_index = index_of(model->added);
  const auto end = std::ranges::find(model->added, files.end_token, &AddedToken::text);
  require(end != model->added.end(), ErrorCode::kMalformed, files.where, ": no end token '", printable(files.end_token),
          "'");
  model->end_id = end->id;
  return Tokenizer(std::move(model));
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, std::size_t max_length) const {
  std::vector<std::int64_t> ids;
  std::size_t plain = 0;  // where the text that is not yet encoded begins
  for (std::size_t at = 0; at < text.size() && ids.size() < max_length;) {
    const AddedToken* token = model_->longest_at(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::string_view before = text.substr(plain, at - plain);
    if (token->strip_left) before = without_spaces_after(before);
    model_->encode_plain(before, max_length, ids);
    ids.push_back(token->id);
    at += token->text.size();
    if (token->strip_right) at += spaces_before(text.substr(at));
    plain = at;
  }
  model_->encode_plain(text.substr(plain), max_length, ids);
  if (ids.size() + 1 > max_length) ids.resize(max_length - 1);
  ids.push_back(model_->end_id);
  return ids;
}

}  // namespace wean::models
