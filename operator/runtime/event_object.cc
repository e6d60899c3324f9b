#include "operator/runtime/event_object.h"

#include <array>
#include <charconv>
#include <limits>

#include "operator/api/annotations.h"
#include "operator/base/timestamp.h"
#include "operator/base/utf8.h"

namespace remora::runtime {

namespace {

using nlohmann::json;

// https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go
constexpr std::size_t kNoteBytes = 1024;
constexpr std::size_t kInstanceBytes = 128;
constexpr std::size_t kNameBytes = 253;
constexpr std::string_view kDefaultNamespace = "default";

json ReferenceJson(const ObjectReference& reference) {
  json object = json::object();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
  };
  add("apiVersion", reference.api_version);
  add("kind", reference.kind);
  add("namespace", reference.namespace_name);
  add("name", reference.name);
  add("uid", reference.uid);
  return object;
}

json SeriesJson(const EventSighting& sighting) {
  // An int32 there.
  const auto count =
      std::min<std::uint64_t>(sighting.count, std::numeric_limits<std::int32_t>::max());
  return {{"count", count}, {"lastObservedTime", FormatMicroTime(sighting.last)}};
}

}  // namespace

kube::Resource EventResource() { return {"events.k8s.io", "v1", "events"}; }

std::string_view EventNamespace(const Event& event) {
  const std::string& name = event.regarding.namespace_name;
  return name.empty() ? kDefaultNamespace : std::string_view(name);
}

std::string EventName(std::string_view regarding_name, std::uint64_t unique) {
  constexpr std::size_t kHexDigits = 16;
  std::array<char, kHexDigits> digits = {};
  const char* const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), unique, 16).ptr;
  const std::string_view hex(digits.data(), static_cast<std::size_t>(end - digits.data()));
  std::string_view start = regarding_name.substr(0, kNameBytes - 1 - hex.size());
  while (!start.empty() && (start.back() == '.' || start.back() == '-')) start.remove_suffix(1);
  // Names of RBAC objects may hold a colon; and a Pod's owner is not checked before admission.
  if (!api::IsDnsSubdomain(start)) start = "event";
  return std::string(start).append(".").append(hex);
}

std::string EventNote(std::string_view note) {
  const std::string valid = ReplaceInvalidUtf8(note);
  return std::string(Utf8Prefix(valid, kNoteBytes));
}

json EventObject(const Event& event, const EventReporter& reporter, const EventSighting& sighting) {
  json object = {{"apiVersion", "events.k8s.io/v1"},
                 {"kind", "Event"},
                 {"metadata", {{"namespace", EventNamespace(event)}, {"name", sighting.name}}},
                 {"eventTime", FormatMicroTime(sighting.first)},
                 {"reportingController", reporter.controller},
                 {"reportingInstance", Utf8Prefix(reporter.instance, kInstanceBytes)},
                 {"type", event.warning ? "Warning" : "Normal"},
                 {"reason", event.reason},
                 {"action", event.action},
                 {"note", event.note},
                 {"regarding", ReferenceJson(event.regarding)}};
  if (!event.related.kind.empty()) object["related"] = ReferenceJson(event.related);
  if (!event.annotations.empty()) object["metadata"]["annotations"] = event.annotations;
  if (sighting.count > 1) object["series"] = SeriesJson(sighting);
  return object;
}

json EventSeriesPatch(const EventSighting& sighting) { return {{"series", SeriesJson(sighting)}}; }

}  // namespace remora::runtime
