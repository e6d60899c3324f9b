#include "tests/property/traces.h"

#include <re2/re2.h>

#include <map>
#include <optional>
#include <vector>

#include "tests/property/undo.h"

namespace remora::testing {

namespace {

using nlohmann::json;

// Where members may be added, in a path without indices.
bool MayAdd(const std::string& path) {
  static const re2::RE2 kPlaces(
      "/metadata/(labels|annotations)"
      "|/spec/(containers|initContainers|volumes|imagePullSecrets|hostAliases)"
      "|/spec/hostAliases/hostnames|/spec/(containers|initContainers)/(env|volumeMounts)");
  return re2::RE2::FullMatch(path, kPlaces);
}

// A list or map that may come into being where it may be added to.
bool MayBegin(const std::string& path, const json& value) {
  return MayAdd(path) && (value.is_array() || value.is_object());
}

bool MayChange(const std::string& pointer) {
  static const re2::RE2 kPlaces(
      "/spec/terminationGracePeriodSeconds"
      "|/metadata/labels/patterns\\.remora\\.dev~1injected"
      "|/spec/(containers|initContainers)/[^/]+/env/[^/]+/(value|valueFrom)"
      "|/spec/containers/[^/]+/ports/[0-9]+~1(TCP|UDP)/name"
      "|/spec/containers/[^/]+/(livenessProbe|readinessProbe|startupProbe|lifecycle/postStart"
      "|lifecycle/preStop)/(httpGet|tcpSocket|grpc)/port");
  return re2::RE2::FullMatch(pointer, kPlaces);
}

bool IsWithin(const json& part, const json& whole, const std::string& path, std::string& why);

bool IsSubsequence(const json& part, const json& whole, const std::string& path, std::string& why) {
  const bool may_add = MayAdd(path);
  if (!may_add && part.size() != whole.size()) return why = path + " has more members", false;
  std::size_t at = 0;
  for (const json& element : part) {
    std::string here;
    while (at < whole.size() && !IsWithin(element, whole[at], path, here)) ++at;
    if (at == whole.size()) {
      why = path + " has no more, or not in its place: " + element.dump();
      return false;
    }
    ++at;
  }
  return true;
}

// Whether all of `part` is in `whole`, in its order, with additions only where they may be.
bool IsWithin(const json& part, const json& whole, const std::string& path, std::string& why) {
  if (part.is_array() && whole.is_array()) return IsSubsequence(part, whole, path, why);
  if (!part.is_object() || !whole.is_object()) {
    if (part == whole) return true;
    why = path + " was " + part.dump() + " and is " + whole.dump();
    return false;
  }
  for (const auto& member : part.items()) {
    if (!whole.contains(member.key())) return why = path + " lost " + member.key(), false;
    if (!IsWithin(member.value(), whole[member.key()], path + "/" + member.key(), why)) {
      return false;
    }
  }
  for (const auto& member : whole.items()) {
    const std::string below = path + "/" + member.key();
    if (part.contains(member.key()) || MayAdd(path) || MayBegin(below, member.value())) continue;
    why = below + " is new";
    return false;
  }
  return true;
}

std::map<std::string, std::size_t> PlacesOf(const json& pod) {
  std::map<std::string, std::size_t> places;
  std::size_t place = 0;
  for (const json& container : pod["spec"].value("initContainers", json::array())) {
    places[container.value("name", "")] = place++;
  }
  return places;
}

// First and last place of a pattern's init containers that are in the record.
struct Chain {
  std::size_t first = 0;
  std::size_t last = 0;
};

// The member of `added` that is an init container of that pattern, or nothing.
std::optional<std::string> AddedInit(const json& path, std::size_t pattern) {
  constexpr std::string_view kInit = "/spec/initContainers/";
  const std::string pointer = path[1];
  if (path[0] != pattern || !pointer.starts_with(kInit)) return std::nullopt;
  const std::string name = pointer.substr(kInit.size());
  if (name.find('/') != std::string::npos) return std::nullopt;
  return name;
}

std::optional<Chain> ChainOf(const json& record, std::size_t pattern,
                             const std::map<std::string, std::size_t>& places) {
  std::optional<Chain> chain;
  for (const json& path : record["added"]) {
    const auto name = AddedInit(path, pattern);
    if (!name || !places.contains(*name)) continue;
    const std::size_t place = places.at(*name);
    if (!chain) chain = {place, place};
    chain->first = std::min(chain->first, place);
    chain->last = std::max(chain->last, place);
  }
  return chain;
}

const json* SpecOf(const json& recorded, const World& world) {
  for (const json& pattern : world.patterns()) {
    if (pattern["kind"] == recorded["kind"] && pattern["metadata"]["name"] == recorded["name"] &&
        pattern["metadata"]["namespace"] == recorded.value("namespace", "")) {
      return &pattern["spec"];
    }
  }
  return nullptr;
}

// The places of a container of the Pod, or of another pattern.
std::optional<Chain> PeerOf(const std::string& name, const json& record,
                            const std::map<std::string, std::size_t>& places) {
  for (std::size_t i = 0; i < record["patterns"].size(); ++i) {
    if (record["patterns"][i]["name"] == name && record["patterns"][i]["reason"] == "Injected") {
      return ChainOf(record, i, places);
    }
  }
  if (!places.contains(name)) return std::nullopt;
  return Chain{places.at(name), places.at(name)};
}

}  // namespace

std::string TouchedInVain(const json& before, const json& after) {
  const json record = RecordOf(after);
  for (const json& path : record["changed"]) {
    if (!MayChange(path[1])) return "changed without leave: " + path.dump();
  }
  std::string why;
  return IsWithin(WithoutDefaults(before), WithoutDefaults(WithoutChanges(after)), "", why) ? ""
                                                                                            : why;
}

std::string ChainOutOfOrder(const json& pod) {
  const auto places = PlacesOf(pod);
  const json record = RecordOf(pod);
  for (std::size_t i = 0; i < record["patterns"].size(); ++i) {
    const std::string name = record["patterns"][i]["name"];
    for (const json& path : record["added"]) {
      const auto added = AddedInit(path, i);
      if (!added || *added == name || !places.contains(*added) || !places.contains(name)) continue;
      const bool is_wait = *added == name + "--wait";
      if (is_wait != (places.at(*added) > places.at(name))) {
        return *added + " is on the wrong side of " + name;
      }
    }
  }
  return {};
}

std::string OutOfOrder(const json& pod, const World& world) {
  if (std::string chain = ChainOutOfOrder(pod); !chain.empty()) return chain;
  const auto places = PlacesOf(pod);
  const json record = RecordOf(pod);
  for (std::size_t i = 0; i < record["patterns"].size(); ++i) {
    const json* spec = SpecOf(record["patterns"][i], world);
    const auto own = ChainOf(record, i, places);
    if (spec == nullptr || !own || !spec->contains("placement")) continue;
    const json& placement = (*spec)["placement"];
    for (const json& name : placement.value("before", json::array())) {
      const auto peer = PeerOf(name, record, places);
      if (peer && own->last > peer->first) return "not before " + name.get<std::string>();
    }
    for (const json& name : placement.value("after", json::array())) {
      const auto peer = PeerOf(name, record, places);
      if (peer && own->first < peer->last) return "not after " + name.get<std::string>();
    }
  }
  return {};
}

}  // namespace remora::testing
