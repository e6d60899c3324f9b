#include "tests/fuzz/invariants.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "operator/base/arena.h"

namespace remora::testing {

namespace {

using injection::JsonDocument;
using injection::JsonType;
using injection::JsonValue;
using nlohmann::json;

// Follows the text without keeping any of it: a document of 100,000 brackets would overflow the
// stack.
class Follower final : public json::json_sax_t {
 public:
  explicit Follower(Grammar& grammar) : grammar_(grammar) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    constexpr int kNumberOverflow = 406;
    const std::string_view what = error.what();
    if (error.id == kNumberOverflow || what.find("surrogate") != std::string_view::npos) {
      grammar_.disputed = true;
    }
    return false;
  }

 private:
  bool Open() {
    grammar_.depth = std::max(grammar_.depth, ++depth_);
    return true;
  }
  bool Close() {
    --depth_;
    return true;
  }

  Grammar& grammar_;
  int depth_ = 0;
};

// Whether an escape in it is none: those of strings are checked when a string is read, and not by
// JsonDocument::Parse.
bool HasUnreadableString(JsonValue value, Arena& arena) {
  if (value.is_string()) return !value.String(arena);
  for (const JsonValue element : value.elements()) {
    if (HasUnreadableString(element, arena)) return true;
  }
  for (const JsonValue::Member member : value.members()) {
    if (!member.Key(arena) || HasUnreadableString(member.value(), arena)) return true;
  }
  return false;
}

void DemandSame(JsonValue value, const json& other, Arena& arena) {
  switch (other.type()) {
    case json::value_t::null:
      return Demand(value.type() == JsonType::kNull, "null reads as something else", value.raw());
    case json::value_t::boolean:
      return Demand(value.Boolean() == other.get<bool>(), "a boolean differs", value.raw());
    case json::value_t::string:
      return Demand(value.String(arena) == other.get_ref<const std::string&>(), "a string differs",
                    value.raw());
    case json::value_t::array: {
      Demand(value.is_array() && value.size() == other.size(), "a list differs", value.raw());
      std::size_t i = 0;
      for (const JsonValue element : value.elements()) DemandSame(element, other[i++], arena);
      return;
    }
    case json::value_t::object:
      Demand(value.is_object(), "an object reads as something else", value.raw());
      for (const auto& item : other.items()) {
        const JsonValue member = value[item.key()];
        Demand(member.exists(), "a member is not found", item.key());
        DemandSame(member, item.value(), arena);
      }
      return;
    case json::value_t::number_integer:
      return Demand(value.raw() == "-0" || value.Integer() == other.get<std::int64_t>(),
                    "an integer differs", value.raw());
    default: Demand(value.type() == JsonType::kNumber, "a number differs", value.raw());
  }
}

}  // namespace

void Demand(bool holds, std::string_view sentence, std::string_view about) {
  if (holds) return;
  std::fprintf(stderr, "\nnot as demanded: %.*s\n%.*s\n", static_cast<int>(sentence.size()),
               sentence.data(), static_cast<int>(about.size()), about.data());
  std::abort();
}

Grammar ReadGrammar(std::string_view text) {
  Grammar grammar;
  Follower follower(grammar);
  grammar.accepted = json::sax_parse(text, &follower);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark) || text.find('\0') != std::string_view::npos) {
    grammar.disputed = true;
  }
  return grammar;
}

json DemandSameJson(std::string_view text, JsonDocument& document) {
  const bool taken = document.Parse(text).ok();
  const Grammar grammar = ReadGrammar(text);
  const json none = json(json::value_t::discarded);
  if (text.find('\0') != std::string_view::npos) Demand(!taken, "a NUL byte was taken", text);
  if (grammar.disputed) return none;
  if (!taken) {
    Demand(!grammar.accepted || grammar.depth > JsonDocument::kMaxDepth, "JSON was refused", text);
    return none;
  }
  Arena arena;
  if (!grammar.accepted) {
    Demand(HasUnreadableString(document.root(), arena), "what is not JSON was taken", text);
    return none;
  }
  Demand(grammar.depth <= JsonDocument::kMaxDepth, "nesting beyond the limit was taken", text);
  const json other = json::parse(text);
  DemandSame(document.root(), other, arena);
  return other;
}

}  // namespace remora::testing
