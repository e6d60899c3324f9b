#include "operator/cli/field_differences.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace remora::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kInSummary = 2;  // differences
// Of a value, in bytes: two of them and a path fit a wide terminal.
constexpr std::size_t kLongestInSummary = 40;
constexpr std::string_view kCut = "…";

std::string Dump(const json& value, bool ascii = false) {
  return value.dump(-1, ' ', ascii, json::error_handler_t::replace);
}

// C0, DEL and C1, by which a text could steer a terminal.
bool HasControl(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    const bool is_c1 = c == 0xc2 && i + 1 < text.size() &&
                       static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                       static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_c1) return true;
  }
  return false;
}

// A string without quotes where it cannot be taken for anything else.
bool IsPlain(const std::string& text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || HasControl(text)) return false;
  return !json::accept(text);
}

std::string Cut(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end).append(kCut);
}

std::string Show(const json& value, std::size_t longest) {
  if (value.is_string() && IsPlain(value.get_ref<const std::string&>())) {
    return Cut(value.get<std::string>(), longest);
  }
  const std::string text = Dump(value);
  return Cut(HasControl(text) ? Dump(value, true) : text, longest);
}

std::string Names(const json& names, std::size_t longest) {
  std::string text;
  for (const json& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
  return Cut(OneLine(text), longest);
}

std::string Line(const FieldDifference& difference, std::size_t longest) {
  const std::string start = difference.path + ": ";
  if (difference.is_order) {
    return start + "order " + Names(*difference.before, longest) + " → " +
           Names(*difference.after, longest);
  }
  if (!difference.before) return start + "added " + Show(*difference.after, longest);
  if (!difference.after) return start + "removed " + Show(*difference.before, longest);
  return start + Show(*difference.before, longest) + " → " + Show(*difference.after, longest);
}

// By what the members of both lists are called; empty: by nothing.
std::string MergeKey(const json& before, const json& after) {
  static constexpr std::array<const char*, 4> kKeys = {"name", "mountPath", "containerPort", "ip"};
  const auto names_all = [](const json& list, const char* key) {
    std::set<std::string> seen;
    return std::all_of(list.begin(), list.end(), [&](const json& member) {
      if (!member.is_object() || !member.contains(key)) return false;
      const json& name = member.at(key);
      return (name.is_string() || name.is_number_integer()) && seen.insert(Show(name, 256)).second;
    });
  };
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const char* key) {
    return names_all(before, key) && names_all(after, key);
  });
  return found == kKeys.end() ? "" : *found;
}

class Comparison {
 public:
  void Compare(const std::string& path, const json& before, const json& after) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) {
      CompareObjects(path, before, after);
    } else if (before.is_array() && after.is_array()) {
      CompareLists(path, before, after);
    } else {
      found_.push_back({path, before, after});
    }
  }

  std::vector<FieldDifference> Take() { return std::move(found_); }

 private:
  static std::string Member(const std::string& path, const std::string& key) {
    const bool is_word = std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    });
    if (!is_word || key.empty()) return path + "['" + OneLine(key) + "']";
    return path.empty() ? key : path + '.' + key;
  }

  void CompareObjects(const std::string& path, const json& before, const json& after) {
    std::set<std::string> keys;
    for (const auto& item : before.items()) keys.insert(item.key());
    for (const auto& item : after.items()) keys.insert(item.key());
    for (const std::string& key : keys) {
      const auto old_value = before.find(key);
      const auto new_value = after.find(key);
      const std::string at = Member(path, key);
      if (old_value == before.end()) {
        found_.push_back({at, std::nullopt, *new_value});
      } else if (new_value == after.end()) {
        found_.push_back({at, *old_value, std::nullopt});
      } else {
        Compare(at, *old_value, *new_value);
      }
    }
  }

  void CompareLists(const std::string& path, const json& before, const json& after) {
    const std::string key = MergeKey(before, after);
    if (!key.empty()) return CompareNamed(path, key, {before, after});
    if (before.size() != after.size()) {
      found_.push_back({path, before, after});
      return;
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      Compare(path + '[' + std::to_string(i) + ']', before[i], after[i]);
    }
  }

  void CompareNamed(const std::string& path, const std::string& key,
                    const std::pair<const json&, const json&>& lists) {
    const auto by_name = [&](const json& list) {
      std::vector<std::pair<std::string, const json*>> named;
      for (const json& member : list) {
        const json& name = member.at(key);
        named.emplace_back(name.is_string() ? name.get<std::string>() : Dump(name), &member);
      }
      return named;
    };
    const auto before = by_name(lists.first);
    const auto after = by_name(lists.second);
    const auto find = [](const auto& named, const std::string& name) {
      const auto at = std::find_if(named.begin(), named.end(),
                                   [&](const auto& member) { return member.first == name; });
      return at == named.end() ? nullptr : at->second;
    };
    json order_before = json::array();
    json order_after = json::array();
    for (const auto& [name, member] : before) {
      const std::string at = path + '[' + OneLine(name) + ']';
      if (const json* const now = find(after, name)) {
        Compare(at, *member, *now);
        order_before.push_back(name);
      } else {
        found_.push_back({at, *member, std::nullopt});
      }
    }
    for (const auto& [name, member] : after) {
      if (find(before, name) != nullptr) {
        order_after.push_back(name);
      } else {
        found_.push_back({path + '[' + OneLine(name) + ']', std::nullopt, *member});
      }
    }
    if (order_before != order_after) found_.push_back({path, order_before, order_after, true});
  }

  std::vector<FieldDifference> found_;
};

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool IsLong(const std::optional<json>& value) {
  return value && value->is_string() &&
         value->get_ref<const std::string&>().find('\n') != std::string::npos;
}

std::string TextOf(const std::optional<json>& value) {
  return value ? value->get<std::string>() : std::string();
}

// Whether it is told best by its lines: a text of several, of which some differ.
bool IsOfLines(const FieldDifference& difference) {
  const bool are_texts = (!difference.before || difference.before->is_string()) &&
                         (!difference.after || difference.after->is_string());
  if (!are_texts || (!IsLong(difference.before) && !IsLong(difference.after))) return false;
  return Lines(TextOf(difference.before)) != Lines(TextOf(difference.after));
}

// The lines between what both begin and end with.
void PrintLines(const FieldDifference& difference, std::ostream& out) {
  const std::string old_text = TextOf(difference.before);
  const std::string new_text = TextOf(difference.after);
  const auto before = Lines(old_text);
  const auto after = Lines(new_text);
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  out << "  " << difference.path << ", from line " << head + 1 << ":\n";
  for (std::size_t i = head; i < before.size() - tail; ++i) {
    out << "    - " << OneLine(std::string(before[i])) << '\n';
  }
  for (std::size_t i = head; i < after.size() - tail; ++i) {
    out << "    + " << OneLine(std::string(after[i])) << '\n';
  }
}

}  // namespace

std::string OneLine(const std::string& text) {
  if (!HasControl(text)) return text;
  const std::string quoted = Dump(text, true);
  return quoted.substr(1, quoted.size() - 2);
}

std::vector<FieldDifference> FindDifferences(const json& before, const json& after) {
  Comparison comparison;
  comparison.Compare("", before, after);
  return comparison.Take();
}

std::string Summary(const std::vector<FieldDifference>& differences) {
  std::string text;
  const std::size_t shown = std::min(kInSummary, differences.size());
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : "; ") + Line(differences[i], kLongestInSummary);
  }
  if (differences.size() > shown) {
    text += "; and " + std::to_string(differences.size() - shown) + " more";
  }
  return text;
}

void PrintDifferences(const std::vector<FieldDifference>& differences, std::ostream& out) {
  for (const FieldDifference& difference : differences) {
    if (IsOfLines(difference)) {
      PrintLines(difference, out);
    } else {
      out << "  " << Line(difference, std::string::npos) << '\n';
    }
  }
}

json DifferencesAsJson(const std::vector<FieldDifference>& differences) {
  json all = json::array();
  for (const FieldDifference& difference : differences) {
    json one = {{"path", difference.path}};
    if (difference.before) one["from"] = *difference.before;
    if (difference.after) one["to"] = *difference.after;
    if (difference.is_order) one["order"] = true;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace remora::cli
