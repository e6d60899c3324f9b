#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "operator/kube/config.h"

namespace remora::kube {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A folder of its own for every test, and an environment that is not the process's.
class KubeConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / (std::string("remora-") + test->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  Result<Config> Load(const std::string& flag = "") const {
    ConfigOptions options{.kubeconfig_flag = flag, .service_account = folder_ / "account"};
    options.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto at = environment_.find(name);
      if (at == environment_.end()) return std::nullopt;
      return at->second;
    };
    return LoadConfig(options);
  }

  // A kubeconfig with these fields of its one cluster and its one user.
  static std::string File(const std::string& cluster, const std::string& user) {
    return "current-context: dev\n"
           "contexts: [{name: dev, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {" +
           cluster +
           "}}]\n"
           "users: [{name: u, user: {" +
           user + "}}]\n";
  }

  fs::path folder_;
  std::map<std::string, std::string> environment_;
};

constexpr char kServer[] = "server: 'https://127.0.0.1:6443'";

TEST_F(KubeConfig, ReadsCertificatesFromDataAndFromFilesBesideIt) {
  Write("pki/key.pem", "KEY");
  const std::string path =
      Write("config",
            "current-context: dev\n"
            "contexts:\n- name: dev\n  context: {cluster: c, user: u, namespace: shop}\n"
            "clusters:\n- name: other\n  cluster: {server: 'https://wrong:1'}\n"
            "- name: c\n  cluster:\n    server: https://127.0.0.1:6443/\n"
            "    certificate-authority-data: Q0E=\n"
            "users:\n- name: u\n  user:\n"
            "    client-certificate-data: Q0VSVA==\n    client-key: pki/key.pem\n");
  const auto config = Load(path);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->server, "https://127.0.0.1:6443");
  EXPECT_EQ(config->authority_pem, "CA");
  EXPECT_EQ(config->certificate_pem, "CERT");
  EXPECT_EQ(config->key_pem, "KEY");
  EXPECT_EQ(config->namespace_name, "shop");
  EXPECT_EQ(config->source, "kubeconfig " + path + ", context dev");
}

TEST_F(KubeConfig, NamesATokenFileInsteadOfReadingIt) {
  Write("token", "secret\n");
  const auto config = Load(Write("config", File(kServer, "tokenFile: token")));
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->token_file, folder_ / "token");
  EXPECT_EQ(config->token, "");
}

TEST_F(KubeConfig, FlagWinsOverEnvironmentOverServiceAccountOverHome) {
  const auto file = [&](const char* server) {
    return File(std::string("server: 'https://") + server + "'", "token: t");
  };
  const std::string flag = Write("flag", file("flag"));
  environment_["HOME"] = folder_.string();
  Write(".kube/config", file("home"));
  EXPECT_EQ(Load()->server, "https://home");

  environment_["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  environment_["KUBERNETES_SERVICE_PORT"] = "443";
  Write("account/ca.crt", "CA");
  Write("account/token", "t");
  Write("account/namespace", "remora-system");
  EXPECT_EQ(Load()->server, "https://10.96.0.1:443");
  EXPECT_EQ(Load()->token_file, folder_ / "account" / "token");
  EXPECT_EQ(Load()->namespace_name, "remora-system");

  // Of a list, the first that exists.
  environment_["KUBECONFIG"] = (folder_ / "missing").string() + ":" + Write("env", file("env"));
  EXPECT_EQ(Load()->server, "https://env");
  EXPECT_EQ(Load(flag)->server, "https://flag");
}

TEST_F(KubeConfig, DialsTheServiceByNameWhenItsAddressIsIpv6) {
  environment_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  environment_["KUBERNETES_SERVICE_PORT"] = "443";
  Write("account/ca.crt", "CA");
  Write("account/token", "t");
  EXPECT_EQ(Load()->server, "https://kubernetes.default.svc:443");
}

TEST_F(KubeConfig, SaysWhatToDoWhenThereIsNoWay) {
  const auto config = Load();
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(config.error().message(), HasSubstr("give --kubeconfig or $KUBECONFIG"));
}

TEST_F(KubeConfig, NamesTheFileThatIsMissing) {
  environment_["KUBECONFIG"] = (folder_ / "missing").string();
  const auto config = Load();
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message(),
              HasSubstr("cannot read the file " + (folder_ / "missing").string()));
}

struct BadFile {
  const char* reason;
  std::string text;
  const char* message;  // its end
};

TEST_F(KubeConfig, RefusesInOneSentence) {
  const BadFile cases[] = {
      {"not YAML", "a: [", "not YAML"},
      {"a list", "- a", "expected a YAML map"},
      {"an empty file", "", "expected a YAML map"},
      {"no context", "clusters: []", "current-context is not set"},
      {"a context that is not there", "current-context: dev\ncontexts: []",
       "contexts has no entry named \"dev\""},
      {"contexts of another type", "current-context: dev\ncontexts: 7",
       "contexts has no entry named \"dev\""},
      {"no server", File("x: y", "token: t"), "server is \"\"; expected https://HOST:PORT"},
      {"a token over plain HTTP", File("server: 'http://10.0.0.1'", "token: t"),
       "server is \"http://10.0.0.1\"; expected https://HOST:PORT"},
      {"a name that only begins like this machine's",
       File("server: 'http://localhost.example.com'", "token: t"), "expected https://HOST:PORT"},
      {"an IPv6 literal", File("server: 'https://[::1]:6443'", "token: t"),
       "server is an IPv6 address"},
      {"no verification",
       File(std::string(kServer) + ", insecure-skip-tls-verify: true", "token: t"),
       "insecure-skip-tls-verify is not supported; name the server's certificate-authority "
       "instead"},
      {"a proxy", File(std::string(kServer) + ", proxy-url: 'http://p'", "token: t"),
       "proxy-url is not supported"},
      {"a plugin", File(kServer, "exec: {command: aws}"),
       "user u: exec is not supported; put a token"},
      {"impersonation", File(kServer, "as: admin"), "as is not supported"},
      {"a password", File(kServer, "username: a, password: b"), "username is not supported"},
      {"a key without a certificate", File(kServer, "client-key-data: aGk="),
       "client-certificate and client-key must be given together"},
      {"broken base64", File(kServer, "client-key-data: '%%'"), "client-key-data is not base64"},
      {"a missing key", File(kServer, "client-key: nowhere.pem"),
       "client-key: cannot read the file"},
      {"a missing token", File(kServer, "tokenFile: nowhere"), "tokenFile: cannot read the file"},
  };
  for (const BadFile& test : cases) {
    const std::string path = Write("config", test.text);
    const auto config = Load(path);
    ASSERT_FALSE(config.ok()) << test.reason;
    EXPECT_EQ(config.error().code(), ErrorCode::kInvalid) << test.reason;
    EXPECT_THAT(config.error().message(), HasSubstr("kubeconfig " + path)) << test.reason;
    EXPECT_THAT(config.error().message(), HasSubstr(test.message)) << test.reason;
    EXPECT_EQ(config.error().message().find('\n'), std::string::npos) << test.reason;
  }
}

TEST_F(KubeConfig, AllowsPlainHttpToThisMachineAsKubectlProxyServesIt) {
  const auto config = Load(Write("config", File("server: 'http://127.0.0.1:8001'", "token: t")));
  ASSERT_TRUE(config.ok()) << config.error().message();
}

}  // namespace
}  // namespace remora::kube
