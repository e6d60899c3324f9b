// PatternCompiler: fills a CompiledPattern field by field; the first complaint ends it.
//
// Private to compiled_pattern.h, which is the way in.
// Thread-safety: owner thread only. Errors: Invalid, with the field.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/injection/compiled_pattern.h"

namespace remora::injection {

class PatternCompiler {
 public:
  explicit PatternCompiler(CompiledPattern& out)
      : out_(out), pattern_(out.pattern()), table_(pattern_) {}

  Result<void> Run();

 private:
  Result<void> Parameters();
  Result<void> Companion();
  Result<void> InitContainers();
  Result<void> Volumes();
  Result<void> TokenVolume();
  Result<void> Shares();
  Result<void> Files();
  Result<void> Env();
  Result<void> Endpoints();
  Result<void> Sockets();
  Result<void> Metrics();
  Result<void> PullSecrets();
  Result<void> Metadata();

  // container_compiler.cc
  Result<CompiledContainer> Container(const nlohmann::json& container, const std::string& name,
                                      const std::string& where);
  Result<void> Environment(const nlohmann::json& env, const std::string& where,
                           CompiledContainer& out);
  Result<void> Ports(const nlohmann::json& ports, const std::string& where, CompiledContainer& out);
  Result<CompiledMount> Mount(const nlohmann::json& mount, const std::string& where);
  Result<CompiledShare> Share(const api::Share& share, const std::string& where);
  Result<CompiledVariable> Variable(const api::EnvironmentVariable& variable,
                                    const std::string& where);
  Result<CompiledEndpoint> Endpoint(const api::Endpoint& endpoint, const std::string& where);
  Result<void> Variables(const api::Endpoint& endpoint, const std::string& where,
                         CompiledEndpoint& compiled);

  // A port of the companion: a number, or one reference.
  Result<CompiledPort> Port(const nlohmann::json& value, const std::string& where);
  Result<CompiledPort> PortText(const std::string& text, const std::string& where);
  // The port of an endpoint or of metrics: it may not depend on another of them.
  Result<CompiledPort> OwnPort(const std::optional<api::IntOrString>& port,
                               const std::string& where);
  std::string PortKey(const std::string& name) const;

  Result<void> Text(const std::string& text, Stage latest, const std::string& where, Template& out);
  void RenameDevice(nlohmann::json& device) const;
  bool IsOwnVolume(const std::string& name) const;
  std::optional<std::size_t> ShareNamed(const std::string& name) const;

  CompiledPattern& out_;
  const api::Pattern& pattern_;
  ReferenceTable table_;
};

}  // namespace remora::injection
