#include "operator/injection/patch_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <vector>

#include "operator/injection/pod_facts.h"
#include "operator/injection/template.h"

namespace remora::injection {

namespace {

void AppendNumber(std::size_t number, std::pmr::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// What is there at this point of the patch.
struct ContainerState {
  bool has_env = false;
  bool has_mounts = false;
  std::size_t env_added = 0;  // in front of the container's own
};

// An init container that was put before that one of the Pod's.
struct Inserted {
  std::uint32_t slot = 0;
  std::uint32_t rank = 0;
};

class Writer {
 public:
  Writer(const Plan& plan, Arena& arena, std::pmr::string& out)
      : plan_(plan),
        pod_(*plan.pod),
        out_(out),
        init_(&arena),
        regular_(&arena),
        inserted_(&arena) {
    has_volumes_ = pod_.has_volumes;
    has_init_ = pod_.has_init_containers;
    has_annotations_ = pod_.has_annotations;
    has_labels_ = pod_.has_labels;
    has_host_aliases_ = pod_.host_aliases.is_array();
    has_pull_secrets_ = pod_.pull_secrets.is_array();
    for (const ContainerFacts& c : pod_.init_containers) init_.push_back(StateOf(c));
    for (const ContainerFacts& c : pod_.containers) regular_.push_back(StateOf(c));
  }

  void Run() {
    constexpr std::size_t kFrameBytes = 128;  // of an operation around its JSON, usually less
    std::size_t bytes = 2;
    for (const Operation& operation : plan_.operations) {
      bytes += operation.json.size() + kFrameBytes;
    }
    out_.reserve(bytes);
    out_ += '[';
    for (const Operation& operation : plan_.operations) {
      if (out_.back() != '[') out_ += ',';
      Write(operation);
    }
    out_ += ']';
  }

 private:
  static ContainerState StateOf(const ContainerFacts& facts) {
    return {facts.env.is_array(), facts.volume_mounts.is_array(), 0};
  }

  void Write(const Operation& operation) {
    switch (operation.list) {
      case List::kVolumes: return Append("/spec/volumes", has_volumes_, operation.json);
      case List::kContainers: {
        bool always = true;  // a Pod has a container
        return Append("/spec/containers", always, operation.json);
      }
      case List::kInitContainers: return InsertInitContainer(operation);
      case List::kAnnotations:
        return SetMember("/metadata/annotations", has_annotations_, operation);
      case List::kLabels: return SetMember("/metadata/labels", has_labels_, operation);
      case List::kPodSpec: {
        bool always = true;
        return SetMember("/spec", always, operation);
      }
      case List::kMounts: {
        BeginContainerPath(operation, "/volumeMounts");
        return FinishAppend(StateOfTarget(operation).has_mounts, operation.json);
      }
      case List::kEnvironment: return WriteEnvironment(operation);
      case List::kPullSecrets:
        return Append("/spec/imagePullSecrets", has_pull_secrets_, operation.json);
      case List::kHostAliases: return WriteHostAlias(operation);
      case List::kContainerField: {
        BeginContainerPath(operation, "/");
        AppendEscaped(operation.field, out_);
        return FinishValue(operation);
      }
    }
  }

  // {"op":"add","path":"LIST/-","value":JSON}, or the list itself where there is none.
  void Append(std::string_view list, bool& exists, std::string_view json) {
    out_ += R"({"op":"add","path":")";
    out_ += list;
    FinishAppend(exists, json);
  }

  void FinishAppend(bool& exists, std::string_view json) {
    out_ += exists ? R"(/-","value":)" : R"(","value":[)";
    out_ += json;
    if (!exists) out_ += ']';
    out_ += '}';
    exists = true;
  }

  void SetMember(std::string_view map, bool& exists, const Operation& operation) {
    out_ += R"({"op":"add","path":")";
    out_ += map;
    if (exists) {
      out_ += '/';
      AppendToken(operation.key);
      out_ += R"(","value":)";
      out_ += operation.json;
      out_ += '}';
      return;
    }
    out_ += R"(","value":{)";
    AppendQuoted(operation.key, out_);
    out_ += ':';
    out_ += operation.json;
    out_ += "}}";
    exists = true;
  }

  void InsertInitContainer(const Operation& operation) {
    if (has_init_) {
      const auto before = static_cast<std::size_t>(
          std::count_if(inserted_.begin(), inserted_.end(), [&](const Inserted& other) {
            return std::tie(other.slot, other.rank) <= std::tie(operation.position, operation.rank);
          }));
      out_ += R"({"op":"add","path":"/spec/initContainers/)";
      AppendNumber(operation.position + before, out_);
      out_ += R"(","value":)";
      out_ += operation.json;
      out_ += '}';
    } else {
      Append("/spec/initContainers", has_init_, operation.json);
    }
    inserted_.push_back({operation.position, operation.rank});
  }

  // Where an init container of the Pod stands now: behind all that was put before it.
  std::size_t MovedIndex(std::size_t original) const {
    const auto before = std::count_if(inserted_.begin(), inserted_.end(),
                                      [&](const Inserted& i) { return i.slot <= original; });
    return original + static_cast<std::size_t>(before);
  }

  void WriteHostAlias(const Operation& operation) {
    if (operation.makes_entry) {
      const std::string_view json = operation.json;
      out_ += R"({"op":"add","path":"/spec/hostAliases)";
      out_ += has_host_aliases_ ? R"(/-","value":)" : R"(","value":[)";
      out_ += R"({"ip":"127.0.0.1","hostnames":[)";
      out_ += json;
      out_ += has_host_aliases_ ? "]}}" : "]}]}";
      has_host_aliases_ = true;
      return;
    }
    out_ += R"({"op":"add","path":"/spec/hostAliases/)";
    AppendNumber(operation.position, out_);
    out_ += "/hostnames";
    bool has_names = !operation.makes_list;
    FinishAppend(has_names, operation.json);
  }

  ContainerState& StateOfTarget(const Operation& operation) {
    return operation.init ? init_[operation.container] : regular_[operation.container];
  }

  void BeginContainerPath(const Operation& operation, std::string_view list) {
    out_ += R"({"op":")";
    out_ += operation.verb == Verb::kRemove ? "remove" : "add";
    out_ += R"(","path":")";
    out_ += operation.init ? "/spec/initContainers/" : "/spec/containers/";
    AppendNumber(operation.init ? MovedIndex(operation.container) : operation.container, out_);
    out_ += list;
  }

  void WriteEnvironment(const Operation& operation) {
    ContainerState& state = StateOfTarget(operation);
    BeginContainerPath(operation, "/env");
    if (operation.verb == Verb::kAdd && !state.has_env) {
      ++state.env_added;
      return FinishAppend(state.has_env, operation.json);
    }
    out_ += '/';
    const bool moved = operation.verb != Verb::kAdd && !operation.ours;
    AppendNumber(operation.verb == Verb::kAdd ? state.env_added
                                              : operation.position + (moved ? state.env_added : 0),
                 out_);
    if (operation.verb == Verb::kAdd) {
      ++state.env_added;
    } else {
      out_ += '/';
      out_ += operation.field;
    }
    FinishValue(operation);
  }

  void FinishValue(const Operation& operation) {
    out_ += '"';
    if (operation.verb != Verb::kRemove) {
      out_ += R"(,"value":)";
      out_ += operation.json;
    }
    out_ += '}';
  }

  // A pointer token inside a JSON string.
  void AppendToken(std::string_view token) {
    std::pmr::string pointer(out_.get_allocator());
    AppendPointerToken(token, pointer);
    AppendEscaped(pointer, out_);
  }

  const Plan& plan_;
  const PodFacts& pod_;
  std::pmr::string& out_;
  bool has_volumes_ = false;
  bool has_init_ = false;
  bool has_annotations_ = false;
  bool has_labels_ = false;
  std::pmr::vector<ContainerState> init_;
  std::pmr::vector<ContainerState> regular_;
  bool has_host_aliases_ = false;
  bool has_pull_secrets_ = false;
  std::pmr::vector<Inserted> inserted_;
};

}  // namespace

void WritePatch(const Plan& plan, Arena& arena, std::pmr::string& out) {
  Writer(plan, arena, out).Run();
}

void AppendPointerToken(std::string_view token, std::pmr::string& out) {
  for (;;) {
    const std::size_t clean = std::min(token.find('~'), token.find('/'));
    out.append(token.substr(0, clean));
    if (clean == std::string_view::npos) return;
    out += token[clean] == '~' ? "~0" : "~1";
    token.remove_prefix(clean + 1);
  }
}

}  // namespace remora::injection
