// Endpoints, and what refers to them: metrics, takeOver.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/pattern_validation.h"
#include "operator/api/validation_helpers.h"

namespace remora::api {

namespace {

// host, port and URL of one endpoint are different variables.
Complaint ValidateEndpointEnvironment(const Endpoint& endpoint) {
  const EndpointEnvironment& env = endpoint.env;
  const std::string url = env.url ? env.url->name : "";
  const bool differ = (env.host.empty() || (env.host != env.port && env.host != url)) &&
                      (env.port.empty() || env.port != url);
  if (differ) return std::nullopt;
  return ".env: expected different variables for host, port and url, not " +
         (env.port.empty() ? env.host : env.port) + " twice";
}

// A fixed port, with its transport where that is not TCP.
Complaint PortAndTransport(const Endpoint& endpoint) {
  auto port = GivenNumber(endpoint.port);
  if (port && endpoint.protocol == EndpointProtocol::kUdp) *port += "/UDP";
  return port;
}

// A socket is a file: it has a path and no port.
Complaint ValidateUnix(const Endpoint& endpoint, const nlohmann::json& written) {
  if (!Has(written, "socketPath")) {
    return ".socketPath: missing; an endpoint with protocol: Unix needs the path of its socket";
  }
  for (const char* field : {"port", "hostnames"}) {
    if (!Has(written, field)) continue;
    return std::string(".") + field +
           ": an endpoint with protocol: Unix is a file and has none: remove " + field;
  }
  if (!endpoint.env.host.empty() || !endpoint.env.port.empty()) {
    return ".env: an endpoint with protocol: Unix is a file: env.url may hold its address, remove "
           "env.host and env.port";
  }
  if (endpoint.name == "files" || endpoint.name == "wait" || endpoint.name == "token") {
    return ".name: files, wait and token are names that Remora uses itself; give the endpoint "
           "another";
  }
  return std::nullopt;
}

// The socket's folder is a volume of the pattern.
Complaint ValidateSocketVolume(const Endpoint& endpoint, const PatternSpec& spec) {
  const auto complain = [&](std::string_view list, std::size_t index) {
    return ".name: " + endpoint.name + " is also the name of " + At(list, index) +
           "; they must differ, for the socket's folder becomes the volume PATTERN--NAME of the "
           "Pod";
  };
  for (std::size_t i = 0; i < spec.share.size(); ++i) {
    if (spec.share[i].name == endpoint.name) return complain("share", i);
  }
  for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
    if (spec.volumes[i].value("name", "") == endpoint.name) return complain("volumes", i);
  }
  return std::nullopt;
}

Complaint ValidateEndpoint(const Pattern& pattern, const Endpoint& endpoint,
                           const nlohmann::json& written) {
  if (pattern.kind == PatternKind::kAdapter && endpoint.name == "metrics") {
    return ".name: metrics is the name of the port in spec.metrics; give the endpoint another";
  }
  if (endpoint.protocol == EndpointProtocol::kUnix) {
    if (auto complaint = ValidateUnix(endpoint, written)) return complaint;
    if (auto complaint = ValidateSocketVolume(endpoint, pattern.spec)) return complaint;
  } else if (Has(written, "socketPath")) {
    return ".socketPath: belongs to protocol: Unix alone; set that, or remove socketPath";
  } else if (Has(written, "hostnames") && !Has(written, "port")) {
    return ".port: missing; hostnames need it, for the application dials the port that it has "
           "always dialled";
  }
  return ValidateEndpointEnvironment(endpoint);
}

Complaint ValidateDistinctEndpoints(const Pattern& pattern) {
  const auto& endpoints = pattern.spec.endpoints;
  if (auto complaint = CheckDiffer(
          endpoints, {"endpoints", ".port", "the companion cannot listen twice on one port"},
          PortAndTransport)) {
    return complaint;
  }
  if (auto complaint =
          CheckDiffer(endpoints, {"endpoints", ".env.port", "a variable holds one port"},
                      [](const Endpoint& e) { return Given(e.env.port); })) {
    return complaint;
  }
  return CheckDiffer(
      endpoints, {"endpoints", ".env.url.name", "a variable holds one URL"},
      [](const Endpoint& e) { return e.env.url ? Given(e.env.url->name) : std::nullopt; });
}

Complaint ValidateMetrics(const Pattern& pattern) {
  if (!pattern.spec.metrics) return std::nullopt;
  const auto port = GivenNumber(pattern.spec.metrics->port);
  const auto& endpoints = pattern.spec.endpoints;
  for (std::size_t i = 0; port && i < endpoints.size(); ++i) {
    if (PortAndTransport(endpoints[i]) != port) continue;
    return "spec.metrics.port: " + *port + " is also that of " + At("endpoints", i, ".port") +
           "; they must differ, for both are ports of the companion";
  }
  return std::nullopt;
}

Complaint ValidateTakeOver(const Pattern& pattern) {
  const PatternSpec& spec = pattern.spec;
  if (!spec.take_over) return std::nullopt;
  if (spec.direction != Direction::kInbound) {
    return "spec.takeOver: only an Ambassador with direction: Inbound takes a port of the target "
           "over: set that, or remove takeOver";
  }
  const std::string& name = spec.take_over->endpoint;
  const auto found = std::find_if(spec.endpoints.begin(), spec.endpoints.end(),
                                  [&](const Endpoint& e) { return e.name == name; });
  if (found == spec.endpoints.end()) {
    return "spec.takeOver.endpoint: there is no endpoint " + name + " in spec.endpoints";
  }
  if (found->protocol != EndpointProtocol::kUnix) return std::nullopt;
  return "spec.takeOver.endpoint: endpoint " + name + " is a socket and has no port";
}

}  // namespace

std::optional<std::string> ValidateEndpoints(const Pattern& pattern, const nlohmann::json& spec) {
  const auto& endpoints = pattern.spec.endpoints;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (const auto complaint = ValidateEndpoint(pattern, endpoints[i], spec.at("endpoints")[i])) {
      return At("endpoints", i) + *complaint;
    }
  }
  for (const auto validate : {ValidateDistinctEndpoints, ValidateMetrics, ValidateTakeOver}) {
    if (auto complaint = validate(pattern)) return complaint;
  }
  return std::nullopt;
}

}  // namespace remora::api
