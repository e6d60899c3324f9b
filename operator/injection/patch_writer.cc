#include "operator/injection/patch_writer.h"

#include <array>
#include <charconv>
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
    for (const ContainerFacts& c : pod_.init_containers) init_.push_back(StateOf(c));
    for (const ContainerFacts& c : pod_.containers) regular_.push_back(StateOf(c));
    inserted_.resize(pod_.init_containers.size() + 1);
  }

  void Run() {
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
      out_ += R"({"op":"add","path":"/spec/initContainers/)";
      AppendNumber(MovedIndex(operation.position), out_);
      out_ += R"(","value":)";
      out_ += operation.json;
      out_ += '}';
    } else {
      Append("/spec/initContainers", has_init_, operation.json);
    }
    ++inserted_[operation.position];
  }

  // Where an init container of the Pod stands now: behind all that was put before it.
  std::size_t MovedIndex(std::size_t original) const {
    std::size_t index = original;
    for (std::size_t slot = 0; slot <= original; ++slot) index += inserted_[slot];
    return index;
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
  std::pmr::vector<std::size_t>
      inserted_;  // before each of the Pod's init containers, and at the end
};

}  // namespace

void WritePatch(const Plan& plan, Arena& arena, std::pmr::string& out) {
  Writer(plan, arena, out).Run();
}

void AppendPointerToken(std::string_view token, std::pmr::string& out) {
  for (const char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
}

}  // namespace remora::injection
