// Containers: those of the pattern, and the one that holds the Pod back until it listens.
#include "operator/injection/concerns/companion.h"

namespace remora::injection {

namespace {

using api::Reason;

void AddContainer(Context& context, Candidate& candidate, Occupancy& occupancy,
                  const Operation& operation) {
  if (occupancy.HasContainer(operation.key)) {
    // A wait container of an earlier call may still be there.
    if (WasOurs(context, candidate, operation)) return;
    return Refuse(candidate, Reason::kContainerNameTaken,
                  Sentence(context, candidate,
                           {" adds a container ", operation.key,
                            ", but the Pod has one of that name; rename the Pod's container"}));
  }
  occupancy.AddContainer(operation.key);
  AddOperation(context, candidate, operation);
}

// Hands out the places that the order has given to the candidate's init containers.
class Placer {
 public:
  explicit Placer(const Candidate& candidate) : candidate_(candidate) {}

  Operation Next() {
    const InitPlace& place = candidate_.places[next_++];
    Operation operation;
    operation.list = List::kInitContainers;
    operation.position = place.slot;
    operation.rank = place.rank;
    return operation;
  }

 private:
  const Candidate& candidate_;
  std::size_t next_ = 0;
};

}  // namespace

void PlanContainers(Context& context, Candidate& candidate, Occupancy& occupancy) {
  const CompiledPattern& pattern = *candidate.pattern;
  CheckVolumeSecurity(context, candidate);
  if (candidate.Refused()) return;
  CompanionWriter writer(context, candidate, occupancy);
  Placer placer(candidate);
  for (const CompiledContainer& init : pattern.init_containers) {
    Operation operation = placer.Next();
    operation.key = init.name;
    operation.json = writer.Write(init, ContainerRole::kInit);
    if (!candidate.Refused()) AddContainer(context, candidate, occupancy, operation);
    if (candidate.Refused()) return;
  }
  if (!pattern.companion) return;
  const bool native = IsNative(context, candidate);
  Operation companion = native ? placer.Next() : Operation{};
  if (!native) companion.list = List::kContainers;
  companion.key = candidate.name;
  companion.json =
      writer.Write(*pattern.companion, native ? ContainerRole::kNative : ContainerRole::kRegular);
  if (!candidate.Refused()) AddContainer(context, candidate, occupancy, companion);
  if (candidate.Refused() || !NeedsWait(context, candidate)) return;
  Operation wait = placer.Next();
  wait.key = context.Text({candidate.name, "--wait"});
  wait.json = writer.WriteWait(wait.key);
  if (!candidate.Refused()) AddContainer(context, candidate, occupancy, wait);
}

}  // namespace remora::injection
