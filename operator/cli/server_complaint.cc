#include "operator/cli/server_complaint.h"

#include <cstddef>

namespace remora::cli {

namespace {

// A field's path in the sentence: `spec.containers[0].image`.
struct Mention {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool quoted = false;  // unknown field "spec.x"
};

constexpr std::string_view kUnknown = "unknown field \"";
constexpr std::string_view kTwice = "duplicate field \"";

// Our own number and reason at the end: " (422 Invalid)".
std::string_view WithoutStatus(std::string_view message) {
  if (!message.ends_with(')')) return message;
  const std::size_t open = message.rfind(" (");
  return open == message.npos ? message : message.substr(0, open);
}

std::size_t PathEnd(std::string_view text, std::size_t at) {
  bool in_brackets = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '[') in_brackets = true;
    if (text[at] == ']') {
      if (!in_brackets) break;
      in_brackets = false;
    }
    if (!in_brackets && std::string_view(" \":,").find(text[at]) != std::string_view::npos) break;
  }
  return at;
}

std::vector<Mention> FindMentions(std::string_view text) {
  std::vector<Mention> mentions;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with("spec.") && !rest.starts_with("metadata.") &&
        !rest.starts_with("spec:")) {
      continue;
    }
    const bool begins = at == 0 || std::string_view(" [\".").find(text[at - 1]) != text.npos;
    if (!begins) continue;
    const std::size_t end = PathEnd(text, at);
    // Other quotes are the text of a complaint: `Invalid value: "spec.x"`.
    const bool quoted =
        text.substr(0, at).ends_with(kUnknown) || text.substr(0, at).ends_with(kTwice);
    const bool bare = (at == 0 || text[at - 1] != '"') && text.substr(end).starts_with(": ");
    if (quoted || bare) mentions.push_back({at, end, quoted});
    at = end;
  }
  return mentions;
}

std::string Trim(std::string_view text) {
  while (!text.empty() && std::string_view(", ]\n").find(text.back()) != text.npos) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

std::string SentenceOf(std::string_view text, const Mention& mention, std::size_t next) {
  if (!mention.quoted) return Trim(text.substr(mention.end + 2, next - mention.end - 2));
  const std::string_view before = text.substr(0, mention.begin);
  return before.ends_with(kTwice) ? "the field stands twice" : "unknown field";
}

}  // namespace

std::vector<Complaint> ReadComplaints(std::string_view message) {
  const std::string_view text = WithoutStatus(message);
  const std::vector<Mention> mentions = FindMentions(text);
  std::vector<Complaint> complaints;
  for (std::size_t i = 0; i < mentions.size(); ++i) {
    const Mention& mention = mentions[i];
    const std::size_t next = i + 1 < mentions.size() ? mentions[i + 1].begin : text.size();
    complaints.push_back({std::string(text.substr(mention.begin, mention.end - mention.begin)),
                          SentenceOf(text, mention, next)});
  }
  if (complaints.empty()) complaints.push_back({"", std::string(text)});
  return complaints;
}

}  // namespace remora::cli
