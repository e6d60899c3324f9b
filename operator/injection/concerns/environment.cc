// Environment: variables for the targets, in front of their own, so that these can use them.
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

class VariablePlanner {
 public:
  VariablePlanner(Context& context, Candidate& candidate, ContainerOccupancy& target)
      : context_(context), candidate_(candidate), target_(target) {}

  void Plan(const CompiledVariable& variable) {
    VariableEntry* entry = target_.FindVariable(variable.name, context_.arena);
    if (entry == nullptr) return Add(variable);
    Operation probe = OperationFor(variable.name);
    const bool was_ours = WasOurs(context_, candidate_, probe);
    if (!was_ours && variable.on_conflict == api::OnConflict::kKeep) return;
    if (!was_ours && variable.on_conflict == api::OnConflict::kFail) {
      return Refuse(candidate_, Reason::kEnvConflict,
                    Sentence(context_, candidate_,
                             {" sets the variable ", variable.name, ", which container ",
                              target_.facts().name, " sets itself"}));
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

  std::string_view ValueOf(const CompiledVariable& variable) {
    return variable.has_value_from ? "" : Rendered(context_, candidate_, variable.value);
  }

  // {"name":"X","valueFrom":{...}} → {...}
  std::string_view ValueFromOf(const CompiledVariable& variable) {
    if (!variable.has_value_from) return "";
    const std::string_view json = Rendered(context_, candidate_, variable.json);
    constexpr std::string_view kKey = "\"valueFrom\":";
    const std::size_t start = json.find(kKey) + kKey.size();
    return json.substr(start, json.size() - start - 1);
  }

  void Add(const CompiledVariable& variable) {
    Operation operation = OperationFor(variable.name);
    operation.json = Rendered(context_, candidate_, variable.json);
    AddOperation(context_, candidate_, operation);
    target_.AddVariable(variable.name, ValueOf(variable), ValueFromOf(variable));
  }

  void Override(const CompiledVariable& variable, VariableEntry& entry) {
    const std::string_view value = ValueOf(variable);
    const std::string_view value_from = ValueFromOf(variable);
    if (variable.has_value_from) {
      if (!entry.value.empty()) Change(variable, entry, "value", {}, entry.value);
      if (entry.value_from != value_from) {
        Change(variable, entry, "valueFrom", value_from,
               entry.value_from.empty() ? "null" : entry.value_from);
      }
    } else {
      if (!entry.value_from.empty()) Change(variable, entry, "valueFrom", {}, entry.value_from);
      if (entry.value != value) {
        // The default of an absent value is the empty string.
        const std::string_view none = entry.value_from.empty() ? "\"\"" : "null";
        Change(variable, entry, "value", value, entry.value.empty() ? none : entry.value);
      }
    }
    target_.SetVariable(entry, value, value_from);
  }

  // An empty `json` removes the field.
  void Change(const CompiledVariable& variable, const VariableEntry& entry, std::string_view field,
              std::string_view json, std::string_view before) {
    Operation operation = OperationFor(variable.name);
    operation.verb = json.empty() ? Verb::kRemove : Verb::kSet;
    operation.field = field;
    operation.json = json;
    operation.before = before;
    operation.position = entry.position;
    operation.ours = entry.ours;
    // What an earlier call has added stays "added", whatever value it has now.
    if (WasOurs(context_, candidate_, OperationFor(variable.name))) operation.recorded = false;
    AddOperation(context_, candidate_, operation);
  }

  Context& context_;
  Candidate& candidate_;
  ContainerOccupancy& target_;
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
