#include "operator/injection/workspace_state.h"

namespace remora::injection {

Context BeginCall(const Request& request, const PatternIndex& patterns,
                  const Environment& environment, Workspace::State& state) {
  state.call.reset();
  state.arena.Reset();
  Workspace::State::Call& call = state.call.emplace(state.arena);
  return {request,
          patterns,
          environment,
          state.arena,
          patterns.FindNamespace(request.namespace_name),
          call.pod,
          call.previous,
          call.plan,
          call.candidates,
          state.scratch};
}

void FindAsked(const Request& request, const PatternIndex& patterns, const Environment& environment,
               Workspace& workspace, std::vector<AskedPattern>& out) {
  out.clear();
  Context context = BeginCall(request, patterns, environment, workspace.state());
  ReadPodFacts(request.pod, context.arena, context.pod);
  MatchPatterns(context);
  if (!context.plan.refusal.empty()) return;
  for (const Candidate& candidate : context.candidates) {
    if (candidate.stored != nullptr) out.push_back({candidate.stored, candidate.automatic});
  }
}

}  // namespace remora::injection
