#include "common/cli/json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace wean::cli {

struct Json::Value {
  nlohmann::ordered_json json;
};

Json::Json() : value_(std::make_unique<Value>()) {}
Json::Json(bool value) : value_(new Value{value}) {}
Json::Json(double value) : value_(new Value{value}) {}
Json::Json(std::string_view value) : value_(new Value{std::string(value)}) {}
Json::Json(const std::string& value) : Json(std::string_view(value)) {}
Json::Json(const char* value) : Json(std::string_view(value)) {}
Json::Json(const Json& other) : value_(std::make_unique<Value>(*other.value_)) {}
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(Json other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}
Json::~Json() = default;

Json Json::object() {
  Json json;
  json.value_->json = nlohmann::ordered_json::object();
  return json;
}

Json Json::array() {
  Json json;
  json.value_->json = nlohmann::ordered_json::array();
  return json;
}

Json Json::of_signed(std::int64_t value) {
  Json json;
  json.value_->json = value;
  return json;
}

Json Json::of_unsigned(std::uint64_t value) {
  Json json;
  json.value_->json = value;
  return json;
}

Json& Json::set(const std::string& key, Json value) {
  value_->json[key] = std::move(value.value_->json);
  return *this;
}

Json& Json::push(Json value) {
  value_->json.push_back(std::move(value.value_->json));
  return *this;
}

std::string Json::dump() const {
  return value_->json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace wean::cli
