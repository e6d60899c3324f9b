#include "operator/api/field_rules.h"

#include <algorithm>

#include "operator/api/annotations.h"
#include "operator/api/reason.h"
#include "operator/api/revision.h"

namespace remora::api {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsLetter(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool BeginsWithReference(std::string_view text) { return text.starts_with("$("); }
bool HoldsReference(std::string_view text) { return text.find("$(") != std::string_view::npos; }
bool BeginsAsPath(std::string_view text) {
  return text.starts_with('/') || BeginsWithReference(text);
}
bool HasColon(std::string_view text) { return text.find(':') != std::string_view::npos; }

template <typename Predicate>
bool All(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// [a-z0-9]+(-[a-z0-9]+)* with a letter in it: the name of a port, but for its length.
bool IsPortName(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         text.find("--") == std::string_view::npos &&
         All(text, [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; }) &&
         std::any_of(text.begin(), text.end(), IsLower);
}

// ([[][0-9a-fA-F:.]+[]]|[^]:/[ ]+):[0-9]{1,5}
bool IsHostAndPort(std::string_view text) {
  constexpr std::size_t kMostPortDigits = 5;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (port.empty() || port.size() > kMostPortDigits || !All(port, IsDigit)) return false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return All(host, [](char c) { return IsHexDigit(c) || c == ':' || c == '.'; });
  }
  return !host.empty() && host.find_first_of("]:/[ ") == std::string_view::npos;
}

bool IsLimit(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && IsDigit(text.front()) && All(text, [](char c) {
    return IsDigit(c) || IsLetter(c) || c == '.' || c == '+' || c == '-';
  });
}

bool IsVolumeName(std::string_view text) {
  return IsDnsLabel(text) && text != "files" && text != "wait" && text != "token";
}

bool IsVariableName(std::string_view text) {
  const auto is_first = [](char c) { return IsLetter(c) || c == '-' || c == '.' || c == '_'; };
  return HoldsReference(text) || (!text.empty() && is_first(text.front()) &&
                                  All(text, [&](char c) { return is_first(c) || IsDigit(c); }));
}

bool HasParentFolder(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

bool IsSubPath(std::string_view text) { return !text.starts_with('/') && !HasParentFolder(text); }

// (/[^/:]+){2,}
bool IsSocketPath(std::string_view text) {
  return text.starts_with('/') && !text.ends_with('/') && text.rfind('/') > 0 && !HasColon(text) &&
         text.find("//") == std::string_view::npos;
}

bool IsMetricsPortName(std::string_view text) {
  constexpr std::size_t kLongest = 15;
  return HoldsReference(text) || (text.size() <= kLongest && IsPortName(text));
}

bool IsPullPolicy(std::string_view text) {
  return text == "Always" || text == "IfNotPresent" || text == "Never" || BeginsWithReference(text);
}

}  // namespace

namespace formats {

const TextFormat kParameterName = {IsParameterName,
                                   "a letter followed by letters and digits, such as logDir"};
const TextFormat kLimitText = {IsLimit, "a value such as 1, 64Mi or 10s"};
const TextFormat kContainerName = {IsDnsLabel, "the name of a container, such as web"};
const TextFormat kTargetPort = {IsPortName,
                                "a number from 1 to 65535 or the name of a port, such as http"};
const TextFormat kVolumeName = {
    IsVolumeName,
    "a DNS label such as logs (files, wait and token are names that Remora uses itself)"};
const TextFormat kMountPath = {
    [](std::string_view text) { return BeginsAsPath(text) && text != "/" && !HasColon(text); },
    "a path that begins with / or with a reference such as $(params.dir), is not / itself and has "
    "no colon"};
const TextFormat kMedium = {
    [](std::string_view text) {
      return text == "Memory" || text.starts_with("HugePages") || BeginsWithReference(text);
    },
    "Memory, HugePages or HugePages-SIZE, or a reference such as $(params.medium)"};
// Whether the text is a quantity is asked where quantities are known: when the pattern is compiled.
const TextFormat kSizeLimit = {
    [](std::string_view) { return true; },
    "a quantity above 0, such as 500Mi, or a reference such as $(params.size)"};
const TextFormat kSubPath = {IsSubPath, "a relative path without .., such as logs/app"};
const TextFormat kPodVolumeName = {
    [](std::string_view text) { return HoldsReference(text) || IsDnsLabel(text); },
    "the name of a volume of the Pod, such as data, or a reference such as $(params.volume)"};
const TextFormat kFilePath = {
    [](std::string_view text) {
      return BeginsAsPath(text) && !text.ends_with('/') && !HasColon(text);
    },
    "a path that begins with / or with a reference such as $(params.dir), does not end in / and "
    "has no colon"};
const TextFormat kVariableName = {
    IsVariableName,
    "the name of a variable, made of letters, digits and -._ and not beginning with a digit, such "
    "as REDIS_HOST"};
const TextFormat kEndpointName = {IsDnsLabel, "a DNS label such as redis"};
const TextFormat kPort = {
    [](std::string_view text) { return BeginsWithReference(text) && text.ends_with(')'); },
    "a number from 1 to 65535 or a reference such as $(params.port)"};
const TextFormat kUpstream = {
    [](std::string_view text) { return HoldsReference(text) || IsHostAndPort(text); },
    "host:port, such as redis.cache.svc:6379, or a reference such as $(params.upstream)"};
const TextFormat kSocketPath = {
    [](std::string_view text) { return IsSocketPath(text) && !HoldsReference(text); },
    "the path of a socket in a folder of its own, such as /run/redis/redis.sock"};
const TextFormat kHostname = {
    [](std::string_view text) { return HoldsReference(text) || IsDnsSubdomain(text); },
    "a host name in lower case, such as redis.old.svc, or a reference such as $(params.host)"};
const TextFormat kTakenPortName = {
    IsPortName,
    "the name of a port of the target, at most 15 lower case letters, digits and single hyphens, "
    "such as http"};
const TextFormat kSecretName = {
    [](std::string_view text) { return HoldsReference(text) || IsDnsSubdomain(text); },
    "the name of a Secret, such as registry, or a reference such as $(params.pullSecret)"};
const TextFormat kReasonName = {[](std::string_view text) { return ParseReason(text).has_value(); },
                                "a reason such as Injected or PortTaken"};
const TextFormat kRevision = {IsRevision,
                              "a revision as remora history shows it, such as b4x6c2f9kd"};
const TextFormat kMetricsPath = {
    BeginsAsPath, "a path that begins with / or with a reference such as $(params.path)"};
const TextFormat kPortName = {
    IsMetricsPortName,
    "the name of a port, at most 15 lower case letters, digits and single hyphens, such as "
    "metrics"};
const TextFormat kImage = {
    [](std::string_view text) { return text.find_first_of(" \t\r\n") == std::string_view::npos; },
    "an image without white space, such as haproxy:3.2"};
const TextFormat kImagePullPolicy = {
    IsPullPolicy, "Always, IfNotPresent, Never or a reference such as $(params.pull)"};
const TextFormat kTerminationMessagePolicy = {
    [](std::string_view text) {
      return text == "File" || text == "FallbackToLogsOnError" || BeginsWithReference(text);
    },
    "File, FallbackToLogsOnError or a reference such as $(params.policy)"};

}  // namespace formats
}  // namespace remora::api
