#include "operator/kube/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "operator/base/base64.h"

namespace remora::kube {

namespace {

namespace fs = std::filesystem;

Error Invalid(const std::string& where, std::string_view what) {
  return Error(ErrorCode::kInvalid, fmt::format("{}: {}", where, what));
}

Result<std::string> ReadFile(const fs::path& path, const std::string& where) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return Invalid(where, fmt::format("cannot read the file {}", path.string()));
  }
  return text;
}

std::string TextAt(const YAML::Node& node, const char* name) {
  const YAML::Node value = node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined);
  return value.IsDefined() && value.IsScalar() ? value.Scalar() : std::string();
}

bool Has(const YAML::Node& node, const std::string& name) {
  return node.IsMap() && node[name].IsDefined() && !node[name].IsNull();
}

// `list` is one of clusters, users, contexts: [{name: NAME, cluster: {…}}, …].
Result<YAML::Node> FindNamed(const YAML::Node& file, const std::string& list,
                             const std::string& name, const std::string& where) {
  const std::string field = list.substr(0, list.size() - 1);
  if (Has(file, list) && file[list].IsSequence()) {
    for (const YAML::Node& item : file[list]) {
      if (TextAt(item, "name") == name && Has(item, field)) return YAML::Node(item[field]);
    }
  }
  return Invalid(where, fmt::format("{} has no entry named \"{}\"", list, name));
}

// The value of FIELD-data (base64) or of the file that FIELD names; empty when neither is there.
Result<std::string> ReadPem(const YAML::Node& node, const std::string& field, const fs::path& base,
                            const std::string& where) {
  if (const std::string data = TextAt(node, (field + "-data").c_str()); !data.empty()) {
    auto decoded = DecodeBase64(data);
    if (!decoded) return Invalid(where, field + "-data is not base64");
    return *std::move(decoded);
  }
  const std::string file = TextAt(node, field.c_str());
  if (file.empty()) return std::string();
  return ReadFile(base / file,
                  fmt::format("{}, {}", where, field));  // absolute paths win over base
}

bool IsThisMachine(std::string_view url) {
  for (const std::string_view host : {"http://localhost", "http://127.0.0.1"}) {
    if (!url.starts_with(host)) continue;
    const std::string_view rest = url.substr(host.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

Result<void> ReadCluster(const YAML::Node& cluster, const fs::path& base, const std::string& where,
                         Config& config) {
  for (const char* field : {"proxy-url", "tls-server-name"}) {
    if (Has(cluster, field)) return Invalid(where, fmt::format("{} is not supported", field));
  }
  if (TextAt(cluster, "insecure-skip-tls-verify") == "true") {
    return Invalid(where,
                   "insecure-skip-tls-verify is not supported; name the server's "
                   "certificate-authority instead");
  }
  config.server = TextAt(cluster, "server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (!config.server.starts_with("https://") && !IsThisMachine(config.server)) {
    return Invalid(where,
                   fmt::format("server is \"{}\"; expected https://HOST:PORT", config.server));
  }
  if (config.server.find("://[") != config.server.npos) {
    return Invalid(where, "server is an IPv6 address; expected a host name, such as localhost");
  }
  auto authority = ReadPem(cluster, "certificate-authority", base, where);
  if (!authority.ok()) return authority.error();
  config.authority_pem = *std::move(authority);
  return {};
}

Result<void> ReadUser(const YAML::Node& user, const fs::path& base, const std::string& where,
                      Config& config) {
  struct Refusal {
    const char* field;
    const char* instead;
  };
  constexpr std::array<Refusal, 7> kRefused = {{
      {"exec", "put a token into the file, for example of `kubectl create token`"},
      {"auth-provider", "put a token into the file, for example of `kubectl create token`"},
      {"username", "use a client certificate or a token"},
      {"password", "use a client certificate or a token"},
      {"as", "use that user's own credentials"},
      {"as-groups", "use that user's own credentials"},
      {"as-uid", "use that user's own credentials"},
  }};
  for (const Refusal& refusal : kRefused) {
    if (Has(user, refusal.field)) {
      return Invalid(where, fmt::format("{} is not supported; {}", refusal.field, refusal.instead));
    }
  }
  auto certificate = ReadPem(user, "client-certificate", base, where);
  if (!certificate.ok()) return certificate.error();
  auto key = ReadPem(user, "client-key", base, where);
  if (!key.ok()) return key.error();
  if (certificate->empty() != key->empty()) {
    return Invalid(where, "client-certificate and client-key must be given together");
  }
  config.certificate_pem = *std::move(certificate);
  config.key_pem = *std::move(key);
  config.token = TextAt(user, "token");
  if (const std::string file = TextAt(user, "tokenFile"); !file.empty()) {
    config.token_file = base / file;
    auto readable = ReadFile(config.token_file, where + ", tokenFile");
    if (!readable.ok()) return readable.error();
  }
  return {};
}

Result<Config> ReadKubeconfig(const YAML::Node& file, const fs::path& path,
                              const std::string& wanted_context) {
  Config config;
  const std::string where = "kubeconfig " + path.string();
  if (!file.IsMap()) return Invalid(where, "expected a YAML map with clusters, users and contexts");
  const std::string name =
      wanted_context.empty() ? TextAt(file, "current-context") : wanted_context;
  if (name.empty()) return Invalid(where, "current-context is not set");
  auto context = FindNamed(file, "contexts", name, where);
  if (!context.ok()) return context.error();
  auto cluster = FindNamed(file, "clusters", TextAt(*context, "cluster"), where);
  if (!cluster.ok()) return cluster.error();
  auto user = FindNamed(file, "users", TextAt(*context, "user"), where);
  if (!user.ok()) return user.error();

  const fs::path base = path.parent_path();
  auto cluster_read = ReadCluster(
      *cluster, base, fmt::format("{}, cluster {}", where, TextAt(*context, "cluster")), config);
  if (!cluster_read.ok()) return cluster_read.error();
  auto user_read =
      ReadUser(*user, base, fmt::format("{}, user {}", where, TextAt(*context, "user")), config);
  if (!user_read.ok()) return user_read.error();
  if (const auto space = TextAt(*context, "namespace"); !space.empty())
    config.namespace_name = space;
  config.source = fmt::format("{}, context {}", where, name);
  return config;
}

Result<Config> LoadKubeconfig(const fs::path& path, const std::string& context) {
  const std::string where = "kubeconfig " + path.string();
  auto text = ReadFile(path, where);
  if (!text.ok()) return text.error();
  try {
    return ReadKubeconfig(YAML::Load(*text), path, context);
  } catch (const YAML::Exception& exception) {
    return Invalid(where,
                   fmt::format("line {}: not YAML: {}", exception.mark.line + 1, exception.msg));
  }
}

Result<Config> LoadServiceAccount(const fs::path& folder, const std::string& host,
                                  const std::string& port) {
  const std::string where = "service account " + folder.string();
  auto authority = ReadFile(folder / "ca.crt", where);
  if (!authority.ok()) return authority.error();
  auto token = ReadFile(folder / "token", where);
  if (!token.ok()) return token.error();
  Config config;
  // The address saves a name look-up, and the API server's certificate names it. cpprest cannot
  // dial an IPv6 literal; there the Service's name, which the certificate names too, stands in.
  const bool ipv6 = host.find(':') != host.npos;
  config.server = fmt::format("https://{}:{}", ipv6 ? "kubernetes.default.svc" : host, port);
  config.authority_pem = *std::move(authority);
  config.token_file = folder / "token";
  if (auto space = ReadFile(folder / "namespace", where); space.ok())
    config.namespace_name = *space;
  config.source = where;
  return config;
}

// The first file of $KUBECONFIG's list that exists; the first one, to be named in the complaint,
// when none does.
fs::path FirstOf(std::string_view list) {
  std::vector<fs::path> paths;
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    if (const std::string_view path = list.substr(0, colon); !path.empty())
      paths.emplace_back(path);
    list = colon == list.npos ? std::string_view() : list.substr(colon + 1);
  }
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return paths.empty() ? fs::path() : paths.front();
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): read only
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Result<Config> LoadConfig(const ConfigOptions& options) {
  if (!options.kubeconfig_flag.empty()) {
    return LoadKubeconfig(options.kubeconfig_flag, options.context);
  }
  if (const fs::path path = FirstOf(options.environment("KUBECONFIG").value_or(""));
      !path.empty()) {
    return LoadKubeconfig(path, options.context);
  }
  const std::string host = options.environment("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = options.environment("KUBERNETES_SERVICE_PORT").value_or("");
  if (!host.empty() && !port.empty()) {
    return LoadServiceAccount(options.service_account, host, port);
  }
  const fs::path home = options.environment("HOME").value_or("");
  std::error_code ignored;
  if (!home.empty() && fs::exists(home / ".kube" / "config", ignored)) {
    return LoadKubeconfig(home / ".kube" / "config", options.context);
  }
  return Error(ErrorCode::kInvalid,
               "no way to the API server: give --kubeconfig or $KUBECONFIG, run in a Pod with a "
               "service account, or write ~/.kube/config");
}

}  // namespace remora::kube
