#include "models/files/json.h"

#include <cmath>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"

namespace wean::models {
namespace {

/// Builds the value from parser events, so that limits hold before memory is spent and duplicates are seen.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(const std::string& where, const JsonLimits& limits) : where_(where), limits_(limits) {}
  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [slot, fresh] = stack_.back()->get_ref<Json::object_t&>().emplace(std::move(name), nullptr);
    require(fresh, ErrorCode::kMalformed, where_, ": key '", printable(slot->first), "' is there twice");
    slot_ = &slot->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    const std::string what = error.what();
    const std::size_t detail = what.find("; ");
    fail(ErrorCode::kMalformed, where_, ": not JSON at byte ", position, ": ",
         printable(detail == std::string::npos ? what : what.substr(detail + 2)));
  }

 private:
  Json* place(Json&& value) {
    require(++values_ <= limits_.values, ErrorCode::kMalformed, where_, ": more than ", limits_.values,
            " JSON values; no more are allowed");
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (stack_.back()->is_array()) {
      stack_.back()->push_back(std::move(value));
      return &stack_.back()->back();
    }
    *slot_ = std::move(value);
    return slot_;
  }
  bool put(Json&& value) {
    place(std::move(value));
    return true;
  }
  bool open(Json&& empty) {
    require(stack_.size() < limits_.depth, ErrorCode::kMalformed, where_, ": JSON nested deeper than ", limits_.depth);
    stack_.push_back(place(std::move(empty)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  const std::string& where_;
  const JsonLimits& limits_;
  Json root_;
  std::vector<Json*> stack_;  // open containers; a container never moves while it is open
  Json* slot_ = nullptr;
  std::size_t values_ = 0;
};

std::string value_text(const Json& value) {
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  require(text.size() <= limits.bytes, ErrorCode::kMalformed, where, ": ", text.size(), " bytes of JSON; at most ",
          limits.bytes, " are allowed");
  const auto bad = invalid_utf8_at(text);
  require(!bad, ErrorCode::kMalformed, where, ": not UTF-8 at byte ", bad.value_or(0));
  // The parser would take a NUL for the end of the text and skip a byte order mark.
  require(text.find('\0') == std::string_view::npos, ErrorCode::kMalformed, where, ": NUL byte at ", text.find('\0'));
  require(!text.starts_with("\xEF\xBB\xBF"), ErrorCode::kMalformed, where,
          ": begins with a byte order mark; UTF-8 without it is allowed");
  Builder builder(where, limits);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

Json read_json(const ModelRoot& root, const std::filesystem::path& relative, const JsonLimits& limits) {
  return parse_json(read_text(root.resolve(relative), limits.bytes), (root.given() / relative).string(), limits);
}

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  require(object.is_object(), ErrorCode::kMalformed, where_, ": ", value_text(object), "; a JSON object is expected");
}

const Json* Fields::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool Fields::has(const char* key) const { return find(key) != nullptr; }

void Fields::refuse(const char* key, const std::string& allowed) const {
  const Json* value = find(key);
  fail(ErrorCode::kMalformed, where_, ": ", key, " ", value == nullptr ? "is missing" : value_text(*value), "; ",
       allowed);
}

std::int64_t Fields::integer(const char* key, IntRange range) const {
  const Json* value = find(key);
  const std::string allowed =
      "an integer from " + std::to_string(range.low) + " to " + std::to_string(range.high) + " is allowed";
  if (value == nullptr || !value->is_number_integer()) refuse(key, allowed);
  const bool fits = !value->is_number_unsigned() || value->get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
  const std::int64_t number = fits ? value->get<std::int64_t>() : 0;
  if (!fits || number < range.low || number > range.high) refuse(key, allowed);
  return number;
}

std::int64_t Fields::integer(const char* key, IntRange range, std::int64_t fallback) const {
  return has(key) ? integer(key, range) : fallback;
}

double Fields::number(const char* key, double fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(key, "a finite number is allowed");
  return value->get<double>();
}

bool Fields::boolean(const char* key, bool fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(key, "true or false is allowed");
  return value->get<bool>();
}

std::string Fields::text(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_string()) refuse(key, "a string is allowed");
  return value->get<std::string>();
}

std::string Fields::text(const char* key, const std::string& fallback) const { return has(key) ? text(key) : fallback; }

const Json& Fields::array(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_array()) refuse(key, "a list is allowed");
  return *value;
}

std::vector<std::int64_t> Fields::integers(const char* key, IntRange range, std::vector<std::int64_t> fallback) const {
  if (!has(key)) return fallback;
  std::vector<std::int64_t> out;
  for (const Json& item : array(key)) {
    const Json pair{{key, item}};
    out.push_back(Fields(pair, where_).integer(key, range));
  }
  return out;
}

std::vector<double> Fields::numbers(const char* key) const {
  std::vector<double> out;
  for (const Json& item : array(key)) {
    if (!item.is_number()) refuse(key, "a list of numbers is allowed");
    out.push_back(item.get<double>());
  }
  return out;
}

std::vector<bool> Fields::booleans(const char* key, std::vector<bool> fallback) const {
  if (!has(key)) return fallback;
  std::vector<bool> out;
  for (const Json& item : array(key)) {
    if (!item.is_boolean()) refuse(key, "a list of true and false is allowed");
    out.push_back(item.get<bool>());
  }
  return out;
}

void Fields::only(const char* key, const Json& allowed, const char* why) const {
  const Json* value = find(key);
  if (value == nullptr || *value == allowed) return;
  fail(ErrorCode::kUsage, where_, ": ", key, " ", value_text(*value), " is not supported; allowed is ",
       value_text(allowed), ": ", why);
}

}  // namespace wean::models
