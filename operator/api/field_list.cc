#include "operator/api/field_list.h"

#include <map>
#include <utility>

#include "operator/api/pattern_decoder.h"
#include "operator/api/pattern_fields.h"
#include "operator/api/reason.h"

namespace remora::api {

namespace {

// The visitor over the field table that writes it down.
class FieldLister {
 public:
  template <typename T>
  void operator()(std::string_view name, T& member, const FieldRules& rules = {}) {
    const std::size_t length = path_.size();
    path_.append(".").append(name);
    List(member, rules);
    path_.resize(length);
  }

  void ListSpec(PatternKind kind) {
    PatternSpec spec;
    path_ = "spec";
    VisitFields(*this, spec, kind);
  }

  std::vector<FieldDescription> fields() && { return std::move(fields_); }

 private:
  template <typename T>
  void List(std::optional<T>& /*member*/, const FieldRules& rules) {
    T value{};
    List(value, rules);
  }

  template <typename T>
  void List(std::vector<T>& /*member*/, const FieldRules& rules) {
    Add("array", rules);
    path_ += "[]";
    T value{};
    List(value, {.min_length = rules.min_length, .max_length = rules.max_length});
  }

  template <typename T>
  requires std::is_enum_v<T>
  void List(T& member, const FieldRules& rules) {
    Add("string", rules);
    fields_.back().choices = SpellingsOf(member);
  }

  template <typename T>
  requires(std::is_class_v<T>&& requires(FieldLister& f, T& t) {
    VisitFields(f, t);
  }) void List(T& member, const FieldRules& rules) {
    Add("object", rules);
    fields_.back().keeps_unknown = rules.open;
    VisitFields(*this, member);
  }

  void List(std::string&, const FieldRules& rules) {
    Add("string", rules);
    if (rules.format != &formats::kReasonName) return;
    for (int i = 0; i < kReasonCount; ++i) {
      fields_.back().choices.push_back(ReasonName(static_cast<Reason>(i)));
    }
  }
  void List(bool&, const FieldRules& rules) { Add("boolean", rules); }
  void List(std::int64_t&, const FieldRules& rules) { Add("integer", rules); }
  void List(IntOrString&, const FieldRules& rules) { Add("int-or-string", rules); }
  void List(std::map<std::string, std::string>&, const FieldRules& rules) { Add("object", rules); }
  void List(OpenObject&, const FieldRules& rules) { AddOpen("object", rules); }
  void List(AnyValue&, const FieldRules& rules) { AddOpen("", rules); }
  void List(nlohmann::json&, const FieldRules& rules) {
    // container, initContainers[] and volumes[] name their first level, the others none.
    if (path_ == "spec.container") {
      ContainerFields container;
      Add("object", rules);
      VisitFields(*this, container);
    } else if (path_ == "spec.initContainers[]") {
      InitContainerFields init;
      Add("object", rules);
      VisitFields(*this, init);
    } else if (path_ == "spec.volumes[]") {
      VolumeFields volume;
      Add("object", rules);
      VisitFields(*this, volume);
    } else {
      AddOpen("object", rules);
    }
  }

  void Add(std::string_view type, const FieldRules& rules) {
    fields_.push_back({path_, type, rules, {}, false});
  }

  void AddOpen(std::string_view type, const FieldRules& rules) {
    Add(type, rules);
    fields_.back().keeps_unknown = true;
  }

  std::string path_;
  std::vector<FieldDescription> fields_;
};

}  // namespace

std::vector<FieldDescription> DescribeFields(PatternKind kind) {
  FieldLister lister;
  lister.ListSpec(kind);
  return std::move(lister).fields();
}

std::vector<std::string> FieldPaths(PatternKind kind) {
  std::vector<std::string> paths;
  for (const FieldDescription& field : DescribeFields(kind)) {
    const std::string_view path = field.path;
    if (path.starts_with("spec.container.") || path.starts_with("spec.initContainers[") ||
        path.starts_with("spec.volumes[")) {
      continue;
    }
    // The fields of an object follow it; only the ends of paths are listed.
    if (!paths.empty() &&
        (path.starts_with(paths.back() + ".") || path.starts_with(paths.back() + "["))) {
      paths.back() = path;
    } else {
      paths.emplace_back(path);
    }
  }
  return paths;
}

}  // namespace remora::api
