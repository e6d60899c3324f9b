#include "operator/api/revision.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace remora::api {

namespace {

constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kRevisionLength = 10;

// Fields that change nothing in a Pod.
constexpr std::array<std::string_view, 8> kNotInPods = {
    "description", "selector", "allowedNamespaces", "onError",
    "update",      "tests",    "pinnedRevision",    "revisionHistoryLimit"};

// The UTF-16 code units of valid UTF-8; RFC 8785 sorts keys by them.
std::u16string ToUtf16(std::string_view text) {
  std::u16string units;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int extra = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    char32_t code = extra == 0 ? lead : lead & (0x3FU >> extra);
    for (int k = 1; k <= extra && i + static_cast<std::size_t>(k) < text.size(); ++k) {
      code =
          (code << 6) | (static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]) & 0x3FU);
    }
    i += static_cast<std::size_t>(extra) + 1;
    if (code >= 0x10000) {
      units.push_back(static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10)));
      units.push_back(static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF)));
    } else {
      units.push_back(static_cast<char16_t>(code));
    }
  }
  return units;
}

void WriteString(const std::string& text, std::string& out) {
  // Without ensure_ascii this writes what RFC 8785 asks for: the two-character escapes, \u00xx for
  // other controls, everything else as it is.
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// ECMA-262 Number::toString: shortest digits, plain up to 21 of them, else with an exponent.
void WriteNumber(double value, std::string& out) {
  if (value == 0) {
    out += '0';
    return;
  }
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const char* exponent_text = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(exponent_text, end, exponent);
  const int point = exponent + 1;  // digits before the decimal point
  const int count = static_cast<int>(digits.size());
  constexpr int kPlainUpTo = 21;
  constexpr int kPlainDownTo = -6;
  if (count <= point && point <= kPlainUpTo) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= kPlainUpTo) {
    out += digits.substr(0, static_cast<std::size_t>(point)) + '.' +
           digits.substr(static_cast<std::size_t>(point));
  } else if (kPlainDownTo < point && point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += '.' + digits.substr(1);
    out += point - 1 < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(point - 1));
  }
}

void Write(const nlohmann::json& value, std::string& out) {
  switch (value.type()) {
    case nlohmann::json::value_t::object: {
      std::vector<std::pair<std::u16string, const std::string*>> keys;
      for (const auto& item : value.items()) keys.emplace_back(ToUtf16(item.key()), &item.key());
      std::sort(keys.begin(), keys.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      for (const auto& [units, key] : keys) {
        if (out.back() != '{') out += ',';
        WriteString(*key, out);
        out += ':';
        Write(value.at(*key), out);
      }
      out += '}';
      return;
    }
    case nlohmann::json::value_t::array: {
      out += '[';
      for (const auto& element : value) {
        if (out.back() != '[') out += ',';
        Write(element, out);
      }
      out += ']';
      return;
    }
    case nlohmann::json::value_t::string:
      WriteString(value.get_ref<const std::string&>(), out);
      return;
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
    case nlohmann::json::value_t::number_float: WriteNumber(value.get<double>(), out); return;
    default: out += value.dump(); return;
  }
}

// The members of the spec that reach no Pod, or the others.
nlohmann::json Select(const nlohmann::json& spec, bool not_in_pods) {
  nlohmann::json kept = nlohmann::json::object();
  if (!spec.is_object()) return kept;
  for (const auto& item : spec.items()) {
    const std::string_view key = item.key();
    const bool listed = std::find(kNotInPods.begin(), kNotInPods.end(), key) != kNotInPods.end();
    if (listed == not_in_pods) kept[item.key()] = item.value();
  }
  return kept;
}

}  // namespace

std::string CanonicalJson(const nlohmann::json& value) {
  std::string out;
  Write(value, out);
  return out;
}

bool IsRevision(std::string_view text) {
  return text.size() == kRevisionLength && text.find_first_not_of(kAlphabet) == text.npos;
}

nlohmann::json RevisionedSpec(const nlohmann::json& spec) { return Select(spec, false); }

nlohmann::json WithRevisionedSpec(const nlohmann::json& spec, const nlohmann::json& revisioned) {
  nlohmann::json merged = Select(spec, true);
  merged.update(Select(revisioned, false));
  return merged;
}

std::string RevisionOf(const nlohmann::json& spec) {
  const std::string text = CanonicalJson(RevisionedSpec(spec));
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string revision;
  for (std::size_t i = 0; i < kRevisionLength; ++i) {
    revision += kAlphabet[digest[i] % kAlphabet.size()];
  }
  return revision;
}

}  // namespace remora::api
