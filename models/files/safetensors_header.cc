#include "models/files/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/utf8.h"

namespace wean::models {
namespace {

using Json = nlohmann::json;

/// Where in the header the parser is.
enum class Place { kStart, kTop, kMetadata, kTensor, kShape, kOffsets };

class HeaderEvents final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderEvents(const std::string& where) : where_(where) {}
  [[nodiscard]] SafetensorsHeader take() { return std::move(header_); }

  bool key(string_t& name) override {
    if (place_ == Place::kTop) {
      start_entry(name);
    } else if (place_ == Place::kMetadata) {
      require(metadata().size() < kMaxMetadata, ErrorCode::kMalformed, where_, ": more than ", kMaxMetadata,
              " entries of __metadata__");
      if (!metadata().emplace(name, "").second)
        fail(ErrorCode::kMalformed, where_, ": __metadata__ key '", printable(name), "' is there twice");
    }
    key_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) override {
    if (place_ == Place::kStart) return enter(Place::kTop);
    if (place_ == Place::kTop) return enter(in_metadata_ ? Place::kMetadata : Place::kTensor);
    refuse("an object");
  }
  bool end_object() override {
    if (place_ == Place::kTensor) finish_entry();
    return enter(place_ == Place::kTop ? Place::kStart : Place::kTop);
  }
  bool start_array(std::size_t) override {
    if (place_ != Place::kTensor) fail(ErrorCode::kMalformed, where_, ": a list where ", expected());
    if (key_ == "shape") return once(has_shape_) && enter(Place::kShape);
    if (key_ == "data_offsets") return once(has_offsets_) && enter(Place::kOffsets);
    refuse("a list");
  }
  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_.size() != 2)
      fail(ErrorCode::kMalformed, tensor(), "data_offsets has ", offsets_.size(), " numbers; 2 are allowed");
    return enter(Place::kTensor);
  }
  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) {
      metadata()[key_] = std::move(value);
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") refuse("a string");
    const auto type = dtype_from_name(value);
    if (!type) fail(ErrorCode::kMalformed, tensor(), "unknown dtype '", printable(value), "'");
    once(has_dtype_);
    entry_.dtype = *type;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) refuse("a number");
    if (value > std::uint64_t{INT64_MAX})
      fail(ErrorCode::kMalformed, tensor(), key_, " holds ", value, "; at most 2^63-1 is allowed");
    if (place_ == Place::kShape) {
      if (entry_.shape.size() == kMaxTensorRank) fail(ErrorCode::kMalformed, tensor(), "rank above ", kMaxTensorRank);
      entry_.shape.push_back(static_cast<std::int64_t>(value));
    } else {
      if (offsets_.size() == 2) fail(ErrorCode::kMalformed, tensor(), "data_offsets has more than 2 numbers");
      offsets_.push_back(value);
    }
    return true;
  }
  bool number_integer(number_integer_t value) override { refuse_number(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { refuse_number(text); }
  bool boolean(bool) override { refuse("a boolean"); }
  bool null() override { refuse("null"); }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    fail(ErrorCode::kMalformed, where_, ": header is not JSON at byte ", position, " of the header");
  }

 private:
  std::map<std::string, std::string>& metadata() { return header_.metadata; }
  [[nodiscard]] std::string tensor() const { return where_ + ": tensor '" + printable(entry_.name) + "': "; }
  [[nodiscard]] const char* expected() const {
    if (place_ == Place::kStart) return "the header must be one JSON object";
    if (place_ == Place::kTop) return "each tensor must be an object of dtype, shape and data_offsets";
    if (place_ == Place::kMetadata) return "__metadata__ values must be strings";
    return "dtype must be a string, shape and data_offsets lists of integers";
  }
  [[noreturn]] void refuse(const char* what) const {
    const std::string at = place_ == Place::kTensor || place_ == Place::kShape || place_ == Place::kOffsets
                               ? " in tensor '" + printable(entry_.name) + "', " + printable(key_)
                               : "";
    fail(ErrorCode::kMalformed, where_, ": ", what, at, ": ", expected());
  }
  [[noreturn]] void refuse_number(const std::string& text) const {
    if (place_ != Place::kShape && place_ != Place::kOffsets) refuse("a number");
    fail(ErrorCode::kMalformed, tensor(), key_, " holds ", printable(text), "; integers from 0 to 2^63-1 are allowed");
  }
  bool enter(Place place) {
    place_ = place;
    return true;
  }
  bool once(bool& seen) {
    if (seen) fail(ErrorCode::kMalformed, tensor(), key_, " is there twice");
    return seen = true;
  }
  void start_entry(const std::string& name) {
    in_metadata_ = name == "__metadata__";
    if (in_metadata_) {
      require(!std::exchange(seen_metadata_, true), ErrorCode::kMalformed, where_, ": __metadata__ is there twice");
      return;
    }
    require(header_.entries.size() < kMaxTensors, ErrorCode::kMalformed, where_, ": more than ", kMaxTensors,
            " tensors");
    require(!name.empty() && name.size() <= kMaxTensorName, ErrorCode::kMalformed, where_, ": tensor name of ",
            name.size(), " bytes; 1 to ", kMaxTensorName, " are allowed");
    if (has_control_character(name))
      fail(ErrorCode::kMalformed, where_, ": tensor name '", printable(name), "' holds a control character");
    entry_ = {};
    entry_.name = name;
    offsets_.clear();
    has_dtype_ = has_shape_ = has_offsets_ = false;
  }
  void finish_entry() {
    if (!has_dtype_) fail(ErrorCode::kMalformed, tensor(), "dtype is missing");
    if (!has_shape_) fail(ErrorCode::kMalformed, tensor(), "shape is missing");
    if (!has_offsets_) fail(ErrorCode::kMalformed, tensor(), "data_offsets is missing");
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    header_.entries.push_back(std::move(entry_));
  }

  // Checks call fail() under an if: a message is only put together when it is needed (a header has a million tensors).
  const std::string& where_;
  SafetensorsHeader header_;
  Place place_ = Place::kStart;
  std::string key_;
  SafetensorsEntry entry_;
  std::vector<std::uint64_t> offsets_;
  bool in_metadata_ = false, seen_metadata_ = false;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
};

}  // namespace

SafetensorsHeader parse_header_text(std::string_view text, const std::string& where) {
  const auto bad = invalid_utf8_at(text);
  require(!bad, ErrorCode::kMalformed, where, ": header is not UTF-8 at byte ", bad.value_or(0), " of the header");
  // The parser would take a NUL for the end of the text and skip a byte order mark.
  require(text.find('\0') == std::string_view::npos, ErrorCode::kMalformed, where, ": header holds a NUL byte");
  require(text.starts_with('{'), ErrorCode::kMalformed, where, ": header does not begin with '{'");
  HeaderEvents events(where);
  Json::sax_parse(text.begin(), text.end(), &events);
  return events.take();
}

}  // namespace wean::models
