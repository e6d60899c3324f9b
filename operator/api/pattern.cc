#include "operator/api/pattern.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "operator/api/pattern_decoder.h"
#include "operator/api/pattern_head.h"
#include "operator/api/pattern_validation.h"
#include "operator/api/revision.h"

namespace remora::api {

namespace {

constexpr std::array<std::string_view, kPatternKindCount> kKinds = {"Ambassador", "Sidecar",
                                                                    "Adapter"};
constexpr std::array<std::string_view, kPatternKindCount> kPlurals = {"ambassadors", "sidecars",
                                                                      "adapters"};

bool RequirementMatches(const LabelRequirement& requirement, const LabelSelector::Find& find) {
  const std::string_view* found = find(requirement.key);
  const bool present = found != nullptr;
  if (requirement.op == LabelOperator::kExists) return present;
  if (requirement.op == LabelOperator::kDoesNotExist) return !present;
  const auto& values = requirement.values;
  const bool listed = present && std::find(values.begin(), values.end(), *found) != values.end();
  return requirement.op == LabelOperator::kIn ? listed : !listed;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edits (insertions, deletions, substitutions and swaps of neighbours) from one to the other; a
// letter in the other case is none.
std::size_t EditDistance(std::string_view from, std::string_view to) {
  const auto same = [&](std::size_t i, std::size_t j) {
    return Lower(from[i - 1]) == Lower(to[j - 1]);
  };
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  std::vector<std::size_t> current(to.size() + 1);
  for (std::size_t i = 1; i <= from.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t change = same(i, j) ? 0 : 1;
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(current);
  }
  return last[to.size()];
}

}  // namespace

std::string_view PatternKindName(PatternKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view PatternKindPlural(PatternKind kind) {
  return kPlurals[static_cast<std::size_t>(kind)];
}

std::optional<PatternKind> ParsePatternKind(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<PatternKind>(i);
  }
  return std::nullopt;
}

std::string_view ParameterTypeName(ParameterType type) {
  return SpellingsOf(type)[static_cast<std::size_t>(type)];
}

bool LabelSelector::Matches(const Labels& labels) const {
  std::string_view value;
  return Matches([&](std::string_view key) -> const std::string_view* {
    const auto found = labels.find(key);
    if (found == labels.end()) return nullptr;
    value = found->second;
    return &value;
  });
}

bool LabelSelector::Matches(const Find& find) const {
  for (const auto& [key, value] : match_labels) {
    const std::string_view* found = find(key);
    if (found == nullptr || *found != value) return false;
  }
  return std::all_of(match_expressions.begin(), match_expressions.end(),
                     [&](const auto& r) { return RequirementMatches(r, find); });
}

OnError DefaultOnError(PatternKind kind, Role role) {
  const bool deny = kind == PatternKind::kAmbassador ||
                    (kind == PatternKind::kSidecar && role == Role::kPopulate);
  return deny ? OnError::kDeny : OnError::kAdmit;
}

OnError Pattern::EffectiveOnError() const {
  return spec.on_error.value_or(DefaultOnError(kind, spec.role));
}

std::string_view NearestName(std::string_view name,
                             const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongestName = 253;
  if (name.size() > kLongestName) return {};
  // A third of the letters may be wrong; beyond that it is another name.
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(name, candidate);
    if (candidate != name && distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

Result<Pattern> DecodePattern(const nlohmann::json& object) {
  Decoder decoder;
  Pattern pattern;
  auto head = DecodeHead(object, pattern);
  if (!head.ok()) return head.error();
  const nlohmann::json& spec = object.at("spec");
  decoder.DecodeSpec(spec, pattern.kind, pattern.spec);
  if (decoder.complaint()) return Error(ErrorCode::kInvalid, *decoder.complaint());
  if (auto complaint = ValidatePattern(pattern, spec))
    return Error(ErrorCode::kInvalid, *complaint);
  pattern.revision = RevisionOf(spec);
  return pattern;
}

}  // namespace remora::api
