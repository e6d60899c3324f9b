#include "operator/cli/explained.h"

#include <sstream>
#include <utility>

#include "operator/cli/yaml_writer.h"
#include "operator/injection/explanation.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// By which labels a controller knows its Pods.
PolicyOwner OwnerOf(const Workload& workload, const json& object) {
  PolicyOwner owner{workload.name, workload.namespace_name, nullptr};
  const bool selects = workload.kind == "Deployment" || workload.kind == "StatefulSet" ||
                       workload.kind == "DaemonSet";
  const Pointer selector("/spec/selector");
  if (selects && object.contains(selector)) owner.selector = object.at(selector);
  return owner;
}

// Before any webhook is asked.
void RefuseByApiServer(const std::string& sentence, Explained& explained) {
  explained.refused = true;
  explained.text = "denied: by the API server: " + sentence + "\n";
  explained.explanation = {{"verdict", "denied"},
                           {"message", "by the API server: " + sentence},
                           {"patterns", json::array()}};
}

void Exclude(const Exclusion& exclusion, Explained& explained) {
  const std::string reason(api::ReasonName(exclusion.reason));
  explained.text = "unchanged: " + reason + ": " + exclusion.message + "\n";
  explained.explanation = {{"verdict", "unchanged"},
                           {"reason", reason},
                           {"message", exclusion.message},
                           {"patterns", json::array()}};
}

void PrintCompanion(const PodState& state, std::size_t pattern, std::ostream& out) {
  for (const CompanionState& companion : state.companions) {
    if (companion.pattern != pattern) continue;
    out << "  companion  " << CompanionAsText(companion) << '\n';
    if (companion.keeps_from_services) {
      out << "             it is not Ready, which takes the Pod out of its Services\n";
    }
  }
}

// The patterns of a record, as the engine writes those of a plan, and their companions.
void PrintRecord(const PodState& state, std::ostream& out) {
  const json patterns = state.record.value("patterns", json::array());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const json& pattern = patterns[i];
    out << StringAt(pattern, Pointer("/kind")) << ' ';
    const std::string namespace_name = StringAt(pattern, Pointer("/namespace"));
    if (!namespace_name.empty()) out << namespace_name << '/';
    out << StringAt(pattern, Pointer("/name")) << ": " << StringAt(pattern, Pointer("/reason"));
    const std::string revision = StringAt(pattern, Pointer("/revision"));
    if (!revision.empty()) out << " (revision " << revision << ')';
    out << '\n';
    const std::string message = StringAt(pattern, Pointer("/message"));
    if (!message.empty()) out << "  because    " << message << '\n';
    std::vector<std::string> targets;
    for (const json& target : pattern.value("targets", json::array())) {
      if (target.is_string()) targets.push_back(target.get<std::string>());
    }
    if (!targets.empty()) out << "  targets    " << Joined(targets) << '\n';
    const json ports = pattern.value("ports", json::object());
    for (const auto& [name, number] : ports.items()) {
      out << "  port       " << name << " = " << number.dump() << '\n';
    }
    PrintCompanion(state, i, out);
  }
}

// The state, where there is something to say, and the words that lead to what a new Pod would get; whether that is to be shown.
bool PrintState(const PodState& state, std::ostream& out) {
  if (state.record.is_null() && state.about.empty()) return true;
  if (!state.record.is_null()) {
    out << "on the Pod, as its record says:\n";
    PrintRecord(state, out);
  }
  if (!state.about.empty()) out << state.about << '\n';
  if (state.is_current) {
    out << "a new Pod like it would get the same\n";
    return false;
  }
  out << "a new Pod like it would get now:\n";
  return true;
}

void PrintClosing(const PortMoves& ports, std::ostream& out) {
  std::vector<std::string> open;
  for (const PortMove& move : ports.moves) {
    open.push_back(move.OldPort() + " (container " + move.target + ")");
  }
  out << "the target still answers on " << Joined(open);
  if (ports.isolated_by.empty()) {
    if (ports.policy.is_null()) {
      out << "; it has no label by which a NetworkPolicy could choose it\n";
      return;
    }
    out << "; this NetworkPolicy closes it:\n";
    std::istringstream lines(WriteYaml(ports.policy));
    for (std::string line; std::getline(lines, line);) out << "  " << line << '\n';
  } else if (!ports.open_rules.empty()) {
    out << "; open to who may pass the rules that name no port, list the ports there:\n";
    for (const std::string& rule : ports.open_rules) out << "  " << rule << '\n';
  } else {
    out << "; closed by " << Joined(ports.isolated_by)
        << (ports.left_behind.empty() ? "\n" : ", when it says the name alone\n");
  }
}

void PrintPorts(const Explained& one, std::ostream& out) {
  const PortMoves& ports = one.ports;
  if (ports.moves.empty()) return;
  for (const PortMove& move : ports.moves) {
    out << "port " << move.name << " is " << move.new_number << " of container " << move.companion
        << " now, was " << move.OldPort() << " of container " << move.target << '\n';
  }
  out << (ports.left_behind.empty()
              ? "all Services and NetworkPolicies that are known here follow, they say no number\n"
              : "what will not follow, for it says the number:\n");
  for (std::size_t i = 0; i < ports.left_behind.size(); ++i) {
    const LeftBehind& left = ports.left_behind[i];
    out << "  " << left.object << (i < one.places.size() ? ", " + one.places[i] : "") << ": "
        << left.field << " is " << left.value << "; write " << left.change << '\n';
  }
  PrintClosing(ports, out);
}

json PortsAsJson(const Explained& one) {
  json moves = json::array();
  for (const PortMove& move : one.ports.moves) {
    moves.push_back({{"name", move.name},
                     {"protocol", move.protocol},
                     {"from", move.old_number},
                     {"to", move.new_number},
                     {"target", move.target},
                     {"companion", move.companion}});
  }
  json left = json::array();
  for (std::size_t i = 0; i < one.ports.left_behind.size(); ++i) {
    const LeftBehind& item = one.ports.left_behind[i];
    left.push_back({{"object", item.object},
                    {"field", item.field},
                    {"value", item.value},
                    {"write", item.change}});
    if (i < one.places.size()) left.back()["place"] = one.places[i];
  }
  return {{"moves", moves},
          {"willNotFollow", left},
          {"isolatedBy", one.ports.isolated_by},
          {"openRules", one.ports.open_rules},
          {"networkPolicy", one.ports.policy}};
}

// The patterns that are in a Pod, each with its companion.
json CompanionsAsJson(const PodState& state) {
  json patterns = json::array();
  for (const CompanionState& companion : state.companions) {
    const json& pattern = state.record.at("patterns").at(companion.pattern);
    patterns.push_back({{"kind", StringAt(pattern, Pointer("/kind"))},
                        {"namespace", StringAt(pattern, Pointer("/namespace"))},
                        {"name", StringAt(pattern, Pointer("/name"))},
                        {"companion", CompanionAsJson(companion)}});
  }
  return patterns;
}

json AsJson(const Explained& one) {
  json object = {{"kind", one.workload.kind},
                 {"name", one.workload.name},
                 {"namespace", one.workload.namespace_name},
                 {"source", one.place.source},
                 {"warnings", one.warnings},
                 {"explanation", one.explanation}};
  if (one.place.line > 0) object["line"] = one.place.line;
  for (const PodState& state : one.state) {
    object["pod"] = {{"record", state.record},
                     {"missed", state.is_missed},
                     {"current", state.is_current},
                     {"patterns", CompanionsAsJson(state)},
                     {"message", state.about}};
  }
  if (!one.ports.moves.empty()) object["ports"] = PortsAsJson(one);
  return object;
}

}  // namespace

Result<Explained> ExplainWorkload(ClusterView& view, const Workload& workload, const json& object) {
  Explained explained;
  explained.workload = workload;
  explained.owner = OwnerOf(workload, object);
  explained.warnings = FindMisplacedAnnotations(workload, object);
  explained.pod = explained.after = PodOf(workload, object);
  if (const auto sentence = FindUnquoted(workload, object)) {
    RefuseByApiServer(*sentence, explained);
    return explained;
  }
  auto injection = view.Inject(workload, explained.pod);
  if (!injection.ok()) return injection.error();
  explained.refused = injection->HasRefusal();
  if (injection->exclusion) {
    Exclude(*injection->exclusion, explained);
    return explained;
  }
  auto after = InjectedPod(*injection, explained.pod);
  if (!after.ok()) return after.error();
  explained.after = *std::move(after);
  explained.text = injection::ExplainAsText(injection->outcome);
  explained.explanation = json::parse(injection::ExplainAsJson(injection->outcome));
  return explained;
}

void PrintAsText(const std::vector<Explained>& all, std::ostream& out) {
  const char* separator = "";
  for (const Explained& one : all) {
    out << separator << one.workload.kind << '/' << one.workload.name << ", namespace "
        << one.workload.namespace_name << ", "
        << (one.place.line > 0 ? one.place.ToString() : one.place.source) << '\n';
    bool shows_decision = true;
    for (const PodState& state : one.state) shows_decision = PrintState(state, out);
    if (shows_decision) out << one.text;
    PrintPorts(one, out);
    for (const std::string& sentence : one.warnings) out << "warning: " << sentence << '\n';
    separator = "\n";
  }
}

void PrintAsJson(const std::vector<Explained>& all, std::ostream& out) {
  constexpr int kIndent = 2;
  json array = json::array();
  for (const Explained& one : all) array.push_back(AsJson(one));
  out << array.dump(kIndent, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace remora::cli
