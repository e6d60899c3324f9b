#include "operator/cli/port_moves.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;
using Labels = api::LabelSelector::Labels;

constexpr int kLastPort = 65535;

const json& At(const json& object, const Pointer& path) {
  static const json kNothing;
  return object.is_object() && object.contains(path) ? object.at(path) : kNothing;
}

// The elements of an array; of anything else none.
const json& Elements(const json& object, const Pointer& path) {
  static const json kNone = json::array();
  const json& list = At(object, path);
  return list.is_array() ? list : kNone;
}

std::optional<int> NumberAt(const json& object, const Pointer& path) {
  const json& value = At(object, path);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<int>();
}

std::string ProtocolOf(const json& port) {
  const std::string protocol = StringAt(port, Pointer("/protocol"));
  return protocol.empty() ? "TCP" : protocol;
}

template <typename Map>
Map StringsOf(const json& object) {
  Map strings;
  if (!object.is_object()) return strings;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) strings.emplace(key, value.template get<std::string>());
  }
  return strings;
}

// A selector of core/v1: an empty one matches all.
bool Matches(const json& selector, const Labels& labels) {
  api::LabelSelector read;
  read.match_labels =
      StringsOf<std::map<std::string, std::string>>(At(selector, Pointer("/matchLabels")));
  for (const json& expression : Elements(selector, Pointer("/matchExpressions"))) {
    api::LabelRequirement requirement;
    requirement.key = StringAt(expression, Pointer("/key"));
    const std::string op = StringAt(expression, Pointer("/operator"));
    requirement.op = op == "In"       ? api::LabelOperator::kIn
                     : op == "NotIn"  ? api::LabelOperator::kNotIn
                     : op == "Exists" ? api::LabelOperator::kExists
                                      : api::LabelOperator::kDoesNotExist;
    for (const json& value : Elements(expression, Pointer("/values"))) {
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
    }
    read.match_expressions.push_back(std::move(requirement));
  }
  return read.Matches(labels);
}

// The ports of a kind of container, with the container's name in front.
template <typename Use>
void EachPort(const json& pod, Use use) {
  for (const char* list : {"/spec/containers", "/spec/initContainers"}) {
    for (const json& container : Elements(pod, Pointer(list))) {
      for (const json& port : Elements(container, Pointer("/ports"))) {
        use(StringAt(container, Pointer("/name")), port);
      }
    }
  }
}

// Which container declares a port of that name, and its number.
std::map<std::string, std::pair<std::string, int>> NamedPorts(const json& pod) {
  std::map<std::string, std::pair<std::string, int>> named;
  EachPort(pod, [&](const std::string& container, const json& port) {
    const std::string name = StringAt(port, Pointer("/name"));
    const auto number = NumberAt(port, Pointer("/containerPort"));
    if (!name.empty() && number) named.try_emplace(name, container, *number);
  });
  return named;
}

std::vector<PortMove> MovesOf(const PodChange& change) {
  std::vector<PortMove> moves;
  const auto after = NamedPorts(change.after);
  EachPort(change.before, [&](const std::string& container, const json& port) {
    const std::string name = StringAt(port, Pointer("/name"));
    const auto number = NumberAt(port, Pointer("/containerPort"));
    const auto now = after.find(name);
    if (!number || now == after.end() || now->second.first == container) return;
    const auto had = NamedPorts(change.before);
    if (had.at(name).first != container) return;
    moves.push_back(
        {name, ProtocolOf(port), *number, now->second.second, container, now->second.first});
  });
  return moves;
}

class Search {
 public:
  Search(const PodChange& change, const PolicyOwner& owner)
      : owner_(owner), labels_(StringsOf<Labels>(At(change.after, Pointer("/metadata/labels")))) {
    found_.moves = MovesOf(change);
  }

  PortMoves Run(const std::vector<json>& neighbours) {
    if (found_.moves.empty()) return std::move(found_);
    for (std::size_t i = 0; i < neighbours.size(); ++i) {
      const json& object = neighbours[i];
      number_ = i;
      std::string namespace_name = StringAt(object, Pointer("/metadata/namespace"));
      if (namespace_name.empty()) namespace_name = owner_.namespace_name;
      if (namespace_name != owner_.namespace_name) continue;
      const std::string kind = StringAt(object, Pointer("/kind"));
      about_ = kind + ' ' + namespace_name + '/' + StringAt(object, Pointer("/metadata/name"));
      const std::string api_version = StringAt(object, Pointer("/apiVersion"));
      if (kind == "Service" && api_version == "v1") LookAtService(object);
      if (kind == "NetworkPolicy" && api_version.starts_with("networking.k8s.io/")) {
        LookAtPolicy(object);
      }
    }
    if (found_.isolated_by.empty()) found_.policy = MakePolicy();
    return std::move(found_);
  }

 private:
  void LookAtService(const json& service) {
    const json& selector = At(service, Pointer("/spec/selector"));
    if (!selector.is_object() || selector.empty()) return;
    if (!Matches({{"matchLabels", selector}}, labels_)) return;
    std::size_t index = 0;
    for (const json& port : Elements(service, Pointer("/spec/ports"))) {
      const std::string field = "spec.ports[" + std::to_string(index++) + "].targetPort";
      const bool absent = At(port, Pointer("/targetPort")).is_null();
      const auto target = NumberAt(port, Pointer(absent ? "/port" : "/targetPort"));
      for (const PortMove& move : found_.moves) {
        if (target != move.old_number || ProtocolOf(port) != move.protocol) continue;
        const std::string number = std::to_string(move.old_number);
        Leave(field, absent ? "absent, which means port " + number : number,
              "targetPort: " + move.name);
      }
    }
  }

  void LookAtPolicy(const json& policy) {
    const json& types = Elements(policy, Pointer("/spec/policyTypes"));
    const auto has = [&](const char* type) {
      return std::find(types.begin(), types.end(), type) != types.end();
    };
    const bool is_ingress = types.empty() || has("Ingress");
    if (is_ingress && Matches(At(policy, Pointer("/spec/podSelector")), labels_)) {
      found_.isolated_by.push_back(about_);
      std::size_t index = 0;
      for (const json& rule : Elements(policy, Pointer("/spec/ingress"))) {
        const std::string field = "spec.ingress[" + std::to_string(index++) + "]";
        LookAtRule(rule, field);
        if (OpensAll(rule)) found_.open_rules.push_back(about_ + ": " + field);
      }
    }
    std::size_t index = 0;
    for (const json& rule : Elements(policy, Pointer("/spec/egress"))) {
      const std::string field = "spec.egress[" + std::to_string(index++) + "]";
      if (LeadsHere(rule)) LookAtRule(rule, field);
    }
  }

  // Whether one of the peers is the Pod, named by its labels in its namespace.
  bool LeadsHere(const json& rule) const {
    const json& peers = Elements(rule, Pointer("/to"));
    return std::any_of(peers.begin(), peers.end(), [&](const json& peer) {
      return peer.is_object() && peer.contains("podSelector") &&
             !peer.contains("namespaceSelector") && Matches(peer["podSelector"], labels_);
    });
  }

  bool OpensAll(const json& rule) const {
    const json& ports = Elements(rule, Pointer("/ports"));
    if (ports.empty()) return true;
    return std::any_of(ports.begin(), ports.end(), [&](const json& port) {
      return At(port, Pointer("/port")).is_null() &&
             std::any_of(found_.moves.begin(), found_.moves.end(),
                         [&](const PortMove& move) { return move.protocol == ProtocolOf(port); });
    });
  }

  void LookAtRule(const json& rule, const std::string& field) {
    std::size_t index = 0;
    for (const json& port : Elements(rule, Pointer("/ports"))) {
      const std::string here = field + ".ports[" + std::to_string(index++) + "].port";
      const auto first = NumberAt(port, Pointer("/port"));
      if (!first) continue;
      const int last = NumberAt(port, Pointer("/endPort")).value_or(*first);
      for (const PortMove& move : found_.moves) {
        const auto covers = [&](int number) { return *first <= number && number <= last; };
        if (!covers(move.old_number) || covers(move.new_number)) continue;
        if (ProtocolOf(port) != move.protocol) continue;
        const bool is_range = last != *first;
        Leave(here, std::to_string(*first) + (is_range ? " to " + std::to_string(last) : ""),
              (is_range ? "one more: {port: " + move.name + "}" : "port: " + move.name));
      }
    }
  }

  void Leave(const std::string& field, const std::string& value, const std::string& change) {
    found_.left_behind.push_back({number_, about_, field, value, change});
  }

  // Labels that are of one Pod or one revision, or not the owner's.
  static bool IsPassing(std::string_view key) {
    return key == "pod-template-hash" || key == "controller-revision-hash" ||
           key == "pod-template-generation" || key == "controller-uid" || key == "job-name" ||
           api::IsKeyUnder(key, "kubernetes.io") || api::IsKeyUnder(key, "k8s.io") ||
           api::IsKeyUnder(key, "remora.dev");
  }

  json PodSelector() const {
    json selector = owner_.selector.is_object() ? owner_.selector : json::object();
    const bool is_empty = At(selector, Pointer("/matchLabels")).empty() &&
                          Elements(selector, Pointer("/matchExpressions")).empty();
    if (is_empty) {
      for (const auto& [key, value] : labels_) {
        // A recommended label is the application's own.
        const bool is_own = key.starts_with("app.kubernetes.io/") || !IsPassing(key);
        if (is_own) selector["matchLabels"][key] = value;
      }
    }
    if (selector.empty()) return nullptr;  // it would choose everything
    selector["matchLabels"][std::string(api::kInjectedLabel)] = "true";
    return selector;
  }

  json MakePolicy() const {
    json selector = PodSelector();
    if (selector.is_null()) return nullptr;
    std::string name = owner_.name;
    while (name.ends_with('-')) name.pop_back();
    name += "-close";
    json ports = json::array();
    for (const char* protocol : {"TCP", "UDP", "SCTP"}) {
      std::vector<int> closed;
      for (const PortMove& move : found_.moves) {
        if (move.protocol == protocol) closed.push_back(move.old_number);
      }
      std::sort(closed.begin(), closed.end());
      int first = 1;
      const auto open_until = [&](int last) {
        if (first > last) return;
        ports.push_back({{"protocol", protocol}, {"port", first}});
        if (last > first) ports.back()["endPort"] = last;
      };
      for (const int number : closed) {
        open_until(number - 1);
        first = number + 1;
        name += '-' + std::to_string(number);
      }
      open_until(kLastPort);
    }
    return {{"apiVersion", "networking.k8s.io/v1"},
            {"kind", "NetworkPolicy"},
            {"metadata", {{"name", name}, {"namespace", owner_.namespace_name}}},
            {"spec",
             {{"podSelector", selector},
              {"policyTypes", {"Ingress"}},
              {"ingress", json::array({{{"ports", ports}}})}}}};
  }

  const PolicyOwner& owner_;
  Labels labels_;
  PortMoves found_;
  std::size_t number_ = 0;  // of the neighbour
  std::string about_;
};

}  // namespace

PortMoves FindPortMoves(const PodChange& change, const std::vector<json>& neighbours,
                        const PolicyOwner& owner) {
  return Search(change, owner).Run(neighbours);
}

}  // namespace remora::cli
