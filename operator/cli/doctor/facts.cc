#include "operator/cli/doctor/facts.h"

#include "operator/cli/workloads.h"

namespace remora::cli::doctor {

using nlohmann::json;
using Pointer = json::json_pointer;

Finding NotGiven(std::string check, const Error& error) {
  if (error.code() == ErrorCode::kPermissionDenied) {
    return Unknown(std::move(check), error.message(), "run it again as somebody who has the right");
  }
  return Problem(std::move(check), error.message(), "kubectl cluster-info");
}

const json* FindNamed(const Answer& list, std::string_view name) {
  if (!list.ok()) return nullptr;
  for (const json& object : *list) {
    if (StringAt(object, Pointer("/metadata/name")) == name) return &object;
  }
  return nullptr;
}

const json& ListAt(const json& object, const char* path) {
  static const json kNone = json::array();
  const Pointer pointer(path);
  return object.contains(pointer) && object.at(pointer).is_array() ? object.at(pointer) : kNone;
}

std::string TextAt(const json& object, const char* path) { return StringAt(object, Pointer(path)); }

std::int64_t NumberAt(const json& object, const char* path, std::int64_t otherwise) {
  const Pointer pointer(path);
  if (!object.contains(pointer) || !object.at(pointer).is_number_integer()) return otherwise;
  return object.at(pointer).get<std::int64_t>();
}

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : separator).append(word);
  return text;
}

}  // namespace remora::cli::doctor
