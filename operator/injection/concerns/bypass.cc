// Bypass: an Outbound Ambassador is wired, but its variables lead to the real address.
#include <algorithm>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

// Nothing, or why there is no real address to lead to.
std::string_view WhyImpossible(const Context& context, const Candidate& candidate) {
  if (!IsOutbound(candidate)) {
    return " cannot be bypassed: only an Outbound Ambassador stands in front of a real address";
  }
  const CompiledPattern& pattern = *candidate.pattern;
  for (std::size_t i = 0; i < pattern.endpoints.size(); ++i) {
    const std::string_view name = pattern.spec().endpoints[i].name;
    if (pattern.endpoints[i].is_socket) {
      return context.Text({" cannot be bypassed: endpoint ", name, " is a Unix socket"});
    }
    if (pattern.endpoints[i].upstream.IsEmpty()) {
      return context.Text({" cannot be bypassed: endpoint ", name, " has no upstream"});
    }
  }
  return {};
}

bool IsAddress(std::string_view address) {
  const HostPort parts = HostAndPort(address);
  return !parts.host.empty() && !parts.port.empty() &&
         std::all_of(parts.port.begin(), parts.port.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void CheckBypass(Context& context, Candidate& candidate) {
  const std::string_view why = WhyImpossible(context, candidate);
  if (!why.empty()) {
    return Refuse(candidate, api::Reason::kBypassImpossible,
                  Sentence(context, candidate, {why, "; remove it from ", api::kBypassKey}));
  }
  candidate.bypassed = true;
}

void CheckUpstreams(Context& context, Candidate& candidate) {
  for (const CompiledEndpoint& endpoint : candidate.pattern->endpoints) {
    const std::string_view upstream = Rendered(context, candidate, endpoint.upstream);
    if (IsAddress(upstream)) continue;
    return Refuse(candidate, api::Reason::kBypassImpossible,
                  Sentence(context, candidate,
                           {" cannot be bypassed: its upstream \"", upstream,
                            "\" is not host:port; remove it from ", api::kBypassKey}));
  }
}

}  // namespace remora::injection
