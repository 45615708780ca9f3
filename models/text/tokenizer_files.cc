#include "models/text/tokenizer_files.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"
#include "models/files/json.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxModel = std::uint64_t{64} << 20;
constexpr IntRange kIds{0, 1 << 24};

/// A folder inside a model.
struct Place {
  const ModelRoot& root;
  const fs::path& folder;
  [[nodiscard]] bool has(const char* name) const { return root.has(folder / name); }
  [[nodiscard]] std::string shown(const char* name) const { return (root.given() / folder / name).string(); }
};

Json read(const Place& place, const char* name) {
  if (!place.has(name)) return Json::object();
  return read_json(place.root, place.folder / name, kIndexLimits);
}

/// A token that configs write as "text" or as {"content": "text", ...}.
AddedToken read_added(const Json& json, const std::string& where) {
  if (json.is_string()) return {json.get<std::string>()};
  const Fields fields(json, where);
  AddedToken token{fields.text("content")};
  token.strip_left = fields.boolean("lstrip", false);
  token.strip_right = fields.boolean("rstrip", false);
  const bool plain = !fields.boolean("single_word", false) && !fields.boolean("normalized", false);
  require(plain, ErrorCode::kUsage, where, ": added token '", printable(token.text),
          "' is single_word or normalized, which is not supported");
  return token;
}

/// "added_tokens_decoder": {"0": {"content": ...}} of tokenizer_config.json, by id.
void read_decoder(const Json& json, const std::string& where, TokenizerFiles& out) {
  std::vector<AddedToken> tokens;
  for (const auto& [id, entry] : json.items()) {
    AddedToken token = read_added(entry, where);
    const bool number = !id.empty() && id.size() <= 8 && id.find_first_not_of("0123456789") == std::string::npos;
    require(number, ErrorCode::kMalformed, where, ": added_tokens_decoder key '", printable(id),
            "'; an id of at most 8 digits is allowed");
    token.id = std::stoll(id);
    tokens.push_back(std::move(token));
  }
  std::ranges::sort(tokens, {}, &AddedToken::id);
  for (AddedToken& token : tokens) add_token(out, std::move(token), where);
}

/// "added_tokens": [{"id": 0, "content": ...}] of tokenizer.json.
void read_added_list(const Json& json, const std::string& where, TokenizerFiles& out) {
  require(json.is_array(), ErrorCode::kMalformed, where, ": added_tokens is no list; a list of tokens is allowed");
  std::vector<AddedToken> tokens;
  for (const Json& entry : json) {
    AddedToken token = read_added(entry, where);
    token.id = Fields(entry, where).integer("id", kIds);
    tokens.push_back(std::move(token));
  }
  std::ranges::sort(tokens, {}, &AddedToken::id);
  for (AddedToken& token : tokens) add_token(out, std::move(token), where);
}

void read_chars_map(const Json& normalizer, TokenizerFiles& out) {
  if (!normalizer.is_object()) return;
  if (normalizer.contains("normalizers") && normalizer["normalizers"].is_array()) {
    for (const Json& part : normalizer["normalizers"]) {
      if (out.chars_map.empty() && part.is_object() && !part.contains("normalizers")) read_chars_map(part, out);
    }
    return;
  }
  const auto table = normalizer.find("precompiled_charsmap");
  if (table != normalizer.end() && table->is_string())
    out.chars_map = from_base64(table->get<std::string>(), out.where);
}

void read_fast(const Json& json, TokenizerFiles& out) {
  const Fields fields(json, out.where);
  require(json.contains("model") && json["model"].is_object(), ErrorCode::kMalformed, out.where,
          ": model is missing; an object with type and vocab is allowed");
  const Fields model(json["model"], out.where + ": model");
  require(model.text("type", "Unigram") == "Unigram", ErrorCode::kUsage, out.where, ": model type '",
          printable(model.text("type", "")), "' is not supported; allowed is Unigram");
  const Json vocab = json["model"].value("vocab", Json());
  require(vocab.is_array() && !vocab.empty(), ErrorCode::kMalformed, out.where,
          ": model.vocab is no list of pieces; pairs of text and score are allowed");
  for (const Json& entry : vocab) {
    const bool pair = entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
    require(pair, ErrorCode::kMalformed, out.where, ": piece ", out.pieces.size(),
            "; a pair of text and score is allowed");
    out.pieces.push_back({entry[0].get<std::string>(), entry[1].get<double>()});
  }
  if (json.contains("normalizer")) read_chars_map(json["normalizer"], out);
  if (fields.has("added_tokens")) read_added_list(json["added_tokens"], out.where, out);
}

/// eos, unk, pad and the additional tokens of a config file.
void read_special(const Json& config, const std::string& where, TokenizerFiles& out) {
  for (const char* key : {"eos_token", "unk_token", "pad_token"}) {
    if (config.contains(key) && !config[key].is_null()) add_token(out, read_added(config[key], where), where);
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!config.contains(key) || !config[key].is_array()) continue;
    for (const Json& token : config[key]) add_token(out, read_added(token, where), where);
  }
  if (config.contains("eos_token") && !config["eos_token"].is_null()) {
    out.end_token = read_added(config["eos_token"], where).text;
  }
}

std::int64_t extra_ids(const Json& config, const std::string& where) {
  return Fields(config, where).integer("extra_ids", {0, 10'000}, 100);
}

void require_t5(const Json& config, const std::string& where) {
  const std::string name = Fields(config, where).text("tokenizer_class", "T5Tokenizer");
  require(name == "T5Tokenizer" || name == "T5TokenizerFast", ErrorCode::kUsage, where, ": tokenizer_class '",
          printable(name), "' is not supported; allowed are T5Tokenizer and T5TokenizerFast");
}

}  // namespace

void add_token(TokenizerFiles& out, AddedToken token, const std::string& where) {
  if (token.text.empty() || !out.added_texts.insert(token.text).second) return;
  require(token.text.size() <= kLongestPiece, ErrorCode::kMalformed, where, ": added token of ", token.text.size(),
          " bytes; at most ", kLongestPiece, " are allowed");
  require(out.added.size() < kMaxAddedTokens, ErrorCode::kMalformed, where, ": more than ", kMaxAddedTokens,
          " added tokens; no more are allowed");
  out.added.push_back(std::move(token));
}

TokenizerFiles read_tokenizer_files(const ModelRoot& root, const fs::path& folder) {
  const Place place{root, folder};
  const std::string where = place.shown("tokenizer_config.json");
  const Json config = read(place, "tokenizer_config.json");
  require_t5(config, where);
  const std::int64_t extra = extra_ids(config, where);
  TokenizerFiles out;
  const bool fast = place.has("tokenizer.json");
  out.where = place.shown(fast ? "tokenizer.json" : "spiece.model");
  require(fast || place.has("spiece.model"), ErrorCode::kUsage, (root.given() / folder).string(),
          ": neither tokenizer.json nor spiece.model is there");
  if (config.contains("added_tokens_decoder")) read_decoder(config["added_tokens_decoder"], where, out);
  if (fast) {
    read_fast(read(place, "tokenizer.json"), out);
  } else {
    read_sentencepiece(read_text(root.resolve(folder / "spiece.model"), kMaxModel), out);
    // transformers puts the sentinels behind the pieces, the last one first.
    for (std::int64_t i = extra; i-- > 0;) out.pieces.push_back({"<extra_id_" + std::to_string(i) + ">", 0});
  }
  read_special(config, where, out);
  if (!config.contains("eos_token")) {
    read_special(read(place, "special_tokens_map.json"), place.shown("special_tokens_map.json"), out);
  }
  for (const char* token : {"</s>", "<unk>", "<pad>"}) add_token(out, {token}, out.where);
  for (std::int64_t i = 0; i < extra; ++i) add_token(out, {"<extra_id_" + std::to_string(i) + ">"}, out.where);
  return out;
}

}  // namespace wean::models
