// Environment: variables for the targets, in front of their own, so that these can use them.
#include <algorithm>

#include "operator/api/field_rules.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

class VariablePlanner {
 public:
  VariablePlanner(Context& context, Candidate& candidate, ContainerOccupancy& target)
      : context_(context), candidate_(candidate), target_(target), planned_(&context.arena) {}

  void Plan(const CompiledVariable& variable) {
    name_ = RenderedAs(context_, candidate_, variable.name, api::formats::kVariableName);
    if (candidate_.Refused()) return;
    VariableEntry* entry = target_.FindVariable(name_, context_.arena);
    if (entry == nullptr) return Add(variable);
    const Operation probe = OperationFor(name_);
    // An endpoint and `env` may speak of one variable: the second finds what the first has set.
    const bool again = std::find(planned_.begin(), planned_.end(), name_) != planned_.end();
    const bool was_ours = !again && WasOurs(context_, candidate_, probe);
    planned_.push_back(name_);
    if (variable.operation != api::VariableOperation::kSet) {
      return was_ours ? Override(variable, *entry) : Extend(variable, *entry);
    }
    if (!was_ours && variable.on_conflict == api::OnConflict::kKeep) return;
    if (!was_ours && variable.on_conflict == api::OnConflict::kFail) {
      return Refuse(candidate_, Reason::kEnvConflict,
                    Sentence(context_, candidate_,
                             {" sets the variable ", name_, ", which ", OwnerOf(*entry)}));
    }
    Override(variable, *entry);
  }

 private:
  Operation OperationFor(std::string_view name) const {
    Operation operation;
    operation.list = List::kEnvironment;
    operation.init = target_.facts().init;
    operation.container = target_.facts().index;
    operation.container_name = target_.facts().name;
    operation.key = name;
    return operation;
  }

  // Who sets the variable already: the container itself, or a pattern before this one.
  std::string_view OwnerOf(const VariableEntry& entry) const {
    const std::string_view container = target_.facts().name;
    for (const Operation& operation : context_.plan.operations) {
      const bool is_it = operation.list == List::kEnvironment && operation.key == entry.name &&
                         operation.container_name == container;
      if (!is_it) continue;
      const Candidate& other = context_.candidates[operation.decision];
      return context_.Text(
          {api::PatternKindName(other.kind), " ", other.name, " sets in container ", container});
    }
    // On a second call, an earlier one's.
    std::pmr::string pointer(&context_.arena);
    AppendPointer(OperationFor(entry.name), pointer);
    const auto& recorded = context_.previous.patterns;
    for (std::uint32_t i = 0; i < recorded.size(); ++i) {
      if (!context_.previous.WasAdded(i, pointer)) continue;
      return context_.Text({api::PatternKindName(recorded[i].kind), " ", recorded[i].name,
                            " sets in container ", container});
    }
    return context_.Text({"container ", container, " sets itself"});
  }

  std::string_view ValueOf(const CompiledVariable& variable) {
    return variable.value.IsEmpty() ? "" : Rendered(context_, candidate_, variable.value);
  }

  std::string_view ValueFromOf(const CompiledVariable& variable) {
    return variable.value_from.IsEmpty() ? "" : Rendered(context_, candidate_, variable.value_from);
  }

  void Add(const CompiledVariable& variable) {
    const std::string_view value = ValueOf(variable);
    const std::string_view value_from = ValueFromOf(variable);
    Operation operation = OperationFor(name_);
    operation.json = context_.Text({R"({"name":)", Quoted(context_, name_),
                                    value_from.empty() ? R"(,"value":)" : R"(,"valueFrom":)",
                                    value_from.empty() ? value : value_from, "}"});
    AddOperation(context_, candidate_, operation);
    target_.AddVariable(name_, value, value_from);
  }

  void Override(const CompiledVariable& variable, VariableEntry& entry) {
    const std::string_view value = ValueOf(variable);
    const std::string_view value_from = ValueFromOf(variable);
    if (!value_from.empty()) {
      if (!entry.value.empty()) Change(entry, {"value", {}, entry.value});
      if (entry.value_from != value_from) {
        Change(entry,
               {"valueFrom", value_from, entry.value_from.empty() ? "null" : entry.value_from});
      }
    } else {
      if (!entry.value_from.empty()) Change(entry, {"valueFrom", {}, entry.value_from});
      if (entry.value != value) {
        // The default of an absent value is the empty string.
        const std::string_view none = entry.value_from.empty() ? R"("")" : "null";
        Change(entry, {"value", value, entry.value.empty() ? none : entry.value});
      }
    }
    target_.SetVariable(entry, value, value_from);
  }

  // Append and Prepend: the target's own value stays, beside ours.
  void Extend(const CompiledVariable& variable, VariableEntry& entry) {
    if (!entry.value_from.empty()) {
      return Refuse(candidate_, Reason::kEnvConflict,
                    Sentence(context_, candidate_,
                             {" adds to the variable ", name_, ", which container ",
                              target_.facts().name, " takes from elsewhere (valueFrom)"}));
    }
    Operation probe = OperationFor(name_);
    probe.verb = Verb::kSet;
    probe.field = "value";
    if (WasOurs(context_, candidate_, probe)) return;  // once is enough
    const std::string_view own = Inside(entry.value);
    const std::string_view added = Inside(Rendered(context_, candidate_, variable.value));
    std::string_view json = context_.Text({"\"", added, "\""});
    if (!own.empty()) {
      const std::string_view separator = Inside(Quoted(context_, variable.separator));
      json = variable.operation == api::VariableOperation::kAppend
                 ? context_.Text({"\"", own, separator, added, "\""})
                 : context_.Text({"\"", added, separator, own, "\""});
    }
    Change(entry, {"value", json, entry.value.empty() ? R"("")" : entry.value});
    target_.SetVariable(entry, json, {});
  }

  // A JSON string without its quotes.
  static std::string_view Inside(std::string_view json) {
    return json.size() < 2 ? std::string_view() : json.substr(1, json.size() - 2);
  }

  struct FieldChange {
    std::string_view field;
    std::string_view json;  // empty: the field is removed
    std::string_view before;
  };

  void Change(const VariableEntry& entry, const FieldChange& change) {
    Operation operation = OperationFor(entry.name);
    operation.verb = change.json.empty() ? Verb::kRemove : Verb::kSet;
    operation.field = change.field;
    operation.json = change.json;
    operation.before = change.before;
    operation.position = entry.position;
    operation.ours = entry.ours;
    // What an earlier call has added stays "added", whatever value it has now.
    if (WasOurs(context_, candidate_, OperationFor(entry.name))) operation.recorded = false;
    AddOperation(context_, candidate_, operation);
  }

  Context& context_;
  Candidate& candidate_;
  ContainerOccupancy& target_;
  std::string_view name_;  // of the variable being planned
  std::pmr::vector<std::string_view> planned_;
};

}  // namespace

void PlanEnvironment(Context& context, Candidate& candidate, Occupancy& /*occupancy*/) {
  const CompiledPattern& pattern = *candidate.pattern;
  const auto plan_all = [&](ContainerOccupancy& target) {
    VariablePlanner planner(context, candidate, target);
    for (const CompiledEndpoint& endpoint : pattern.endpoints) {
      for (const CompiledVariable& variable : endpoint.variables) planner.Plan(variable);
    }
    for (const CompiledVariable& variable : pattern.env) planner.Plan(variable);
  };
  for (ContainerOccupancy* target : candidate.targets) plan_all(*target);
  for (ContainerOccupancy* target : candidate.init_targets) plan_all(*target);
}

}  // namespace remora::injection
