// CompiledPattern: a pattern prepared once, when it changes, so that a Pod only pays for its own
// values: JSON fragments with slots, names already prefixed, requirements known.
//
// Contract
//   - Compile() refuses what the CRDs refuse of values: defaults, examples and enums that are not of
//     their parameter's type, regular expressions that RE2 refuses, sizes that are no quantity; and
//     what could never be added to a Pod: references that lead nowhere, ports that are none, limits
//     that cannot be read or that the default does not keep.
// Thread-safety: immutable after compiling.
// Errors: Invalid, with the field.
//
// Example
//   auto compiled = CompiledPattern::Compile(std::move(pattern));
//   if (!compiled.ok()) return compiled.error();
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/result.h"
#include "operator/injection/template.h"
#include "operator/injection/transport.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace remora::injection {

// A parameter with its limits and its regular expression read.
struct CompiledParameter {
  const api::Parameter* spec = nullptr;
  std::shared_ptr<const re2::RE2> pattern;  // null: none
  // As the number that values are compared by; wide enough for every 64-bit integer.
  std::optional<long double> minimum;
  std::optional<long double> maximum;
};

// A port as a number, or as the reference that gives it; both absent: allocated.
struct CompiledPort {
  std::optional<int> number;
  std::optional<std::size_t> reference;

  bool IsAllocated() const { return !number && !reference; }
};

enum class MountSource : std::uint8_t { kPattern, kShare, kPod };

struct CompiledMount {
  MountSource source = MountSource::kPod;
  std::size_t share = 0;  // kShare
  Template volume_name;   // kPattern: prefixed
  Template mount_path;
  Template members;  // everything but the name
};

struct CompiledVolume {
  std::string name;  // prefixed
  Template json;
};

struct CompiledShare {
  std::string volume;  // prefixed: of a new emptyDir
  Template path;
  Template target_path;
  Template sub_path;
  Template volume_name;
  Template empty_dir;  // members of the emptyDir
  api::ShareAccess access = api::ShareAccess::kTargetWrites;
};

struct CompiledFile {
  Template path;
  Template content;
};

struct CompiledVariable {
  Template name;
  Template value;       // JSON; empty where there is
  Template value_from;  // JSON
  api::VariableOperation operation = api::VariableOperation::kSet;
  std::string separator;
  api::OnConflict on_conflict = api::OnConflict::kKeep;
};

struct CompiledEndpoint {
  CompiledPort port;
  Transport transport = Transport::kTcp;
  bool is_socket = false;
  std::string socket_path;
  Template upstream;
  std::vector<Template> hostnames;
  std::string port_key;                     // "Ambassador/shop/redis/redis"
  std::vector<CompiledVariable> variables;  // host, port, url
};

struct DeclaredPort {
  CompiledPort port;
  Transport transport = Transport::kTcp;
};

// A container of the pattern: the companion, or one that does work before it.
struct CompiledContainer {
  std::string name;  // in the Pod
  Template members;  // but name, image, env, ports, volumeMounts, restartPolicy
  Template image;
  Template ports;                      // elements, comma separated
  Template env;                        // elements in brackets
  std::vector<std::string> variables;  // names in env
  std::vector<DeclaredPort> declared_ports;
  std::vector<CompiledMount> mounts;
};

// A label or annotation of the Pod.
struct CompiledPair {
  std::string key;
  Template value;
};

class CompiledPattern {
 public:
  static Result<std::shared_ptr<const CompiledPattern>> Compile(api::Pattern pattern);

  const api::Pattern& pattern() const { return pattern_; }
  const api::PatternSpec& spec() const { return pattern_.spec; }

  std::vector<Reference> references;
  std::vector<CompiledParameter> parameters;
  std::optional<CompiledContainer> companion;  // nothing where init_containers do the whole work
  std::vector<CompiledContainer> init_containers;
  std::vector<int> probe_ports;  // numeric ports of the companion's probes and hooks
  std::vector<CompiledVolume> volumes;
  std::vector<CompiledShare> shares;  // and the folders of sockets
  std::vector<CompiledFile> files;
  std::vector<CompiledVariable> env;
  std::vector<CompiledEndpoint> endpoints;
  std::vector<Template> pull_secrets;
  std::vector<CompiledPair> pod_labels;
  std::vector<CompiledPair> pod_annotations;
  std::optional<CompiledPort> metrics_port;
  Template metrics_path;
  std::string metrics_key;  // "Adapter/shop/redis/metrics"
  bool has_startup_probe = false;

  // Whether it needs a port of the Pod.
  bool UsesPorts() const;
  // The first container that it adds: who has it has the pattern.
  std::string_view FirstContainer() const {
    return companion ? companion->name : init_containers.front().name;
  }

 private:
  friend class PatternCompiler;
  explicit CompiledPattern(api::Pattern pattern) : pattern_(std::move(pattern)) {}

  api::Pattern pattern_;
};

}  // namespace remora::injection
