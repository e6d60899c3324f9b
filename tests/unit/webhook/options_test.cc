#include "webhook/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remora::webhook {
namespace {

using ::testing::HasSubstr;

Result<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "remora-webhook");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), "1.2.3");
}

TEST(Options, HaveDefaultsThatServeInAPod) {
  const auto line = Parse({});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->answer, "");
  EXPECT_EQ(line->options.bind_address, "::");
  EXPECT_EQ(line->options.port, 10250);
  EXPECT_EQ(line->options.catalog_namespace, "remora-catalog");
  EXPECT_EQ(line->options.drain, std::chrono::seconds(5));
}

TEST(Options, AreReadFromTheirFlags) {
  const auto line = Parse(
      {"--kubeconfig=k", "--bind-address=127.0.0.1", "--port=0", "--tls-cert-file=c",
       "--tls-private-key-file=p", "--catalog-namespace=cat", "--wait-image=w:1", "--threads=3",
       "--tls-wait", "--log-level=debug", "--log-format=text", "--drain-seconds=0"});
  ASSERT_TRUE(line.ok()) << line.error().message();
  const Options& options = line->options;
  EXPECT_EQ(options.kubeconfig, "k");
  EXPECT_EQ(options.bind_address, "127.0.0.1");
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.tls_cert_file, "c");
  EXPECT_EQ(options.tls_private_key_file, "p");
  EXPECT_TRUE(options.tls_wait);
  EXPECT_EQ(options.catalog_namespace, "cat");
  EXPECT_EQ(options.wait_image, "w:1");
  EXPECT_EQ(options.threads, 3);
  EXPECT_EQ(options.log.level, LogLevel::kDebug);
  EXPECT_EQ(options.log.format, LogFormat::kText);
  EXPECT_EQ(options.drain, std::chrono::seconds(0));
}

TEST(Options, AnswerVersionAndHelp) {
  EXPECT_EQ(Parse({"--version"})->answer, "1.2.3\n");
  EXPECT_THAT(Parse({"--help"})->answer, HasSubstr("--drain-seconds"));
}

TEST(Options, RefuseInOneSentenceThatNamesTheFlag) {
  for (const char* wrong : {"--bogus", "--port=65536", "--port=x", "--port=-1", "--threads=65",
                            "--log-level=loud", "--log-format=xml", "--drain-seconds=601"}) {
    const auto line = Parse({wrong});
    ASSERT_FALSE(line.ok()) << wrong;
    const std::string flag = std::string(wrong).substr(0, std::string(wrong).find('='));
    EXPECT_THAT(line.error().message(), HasSubstr(flag)) << wrong;
    EXPECT_EQ(line.error().message().find('\n'), std::string::npos) << wrong;
  }
}

}  // namespace
}  // namespace remora::webhook
