#include "operator/cli/wait_command.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/dialer.h"
#include "tests/fakes/fake_clock.h"

namespace remora::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;

// Something begins to listen at a moment.
class FakeDialer final : public Dialer {
 public:
  FakeDialer(const Clock& clock, Clock::Duration listens_after)
      : clock_(clock), listens_at_(clock.Now() + listens_after) {}

  Result<void> Dial(const Endpoint& /*endpoint*/, std::chrono::milliseconds timeout) override {
    timeouts_.push_back(timeout);
    if (clock_.Now() >= listens_at_) return {};
    return Error(ErrorCode::kUnavailable, "Connection refused");
  }

  const std::vector<std::chrono::milliseconds>& timeouts() const { return timeouts_; }

 private:
  const Clock& clock_;
  const Clock::TimePoint listens_at_;
  std::vector<std::chrono::milliseconds> timeouts_;
};

class Wait : public ::testing::Test {
 protected:
  Wait() { clock_.SkipSleeps(); }

  Result<ExitCode> Run(const std::string& timeout, Dialer& dialer) {
    return RunWait({"tcp://127.0.0.1:6379", timeout}, dialer, clock_, {in_, out_, err_});
  }

  testing::FakeClock clock_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Wait, EndsAtOnceWhereSomethingListens) {
  FakeDialer dialer(clock_, 0s);
  EXPECT_EQ(*Run("60s", dialer), ExitCode::kFine);
  EXPECT_EQ(out_.str(), "tcp://127.0.0.1:6379 listens after 0ms\n");
  EXPECT_EQ(err_.str(), "");
  EXPECT_THAT(clock_.sleeps(), SizeIs(0));
}

TEST_F(Wait, DialsOftenAtFirstAndNeverMoreThan100MillisecondsApart) {
  FakeDialer dialer(clock_, 1s);
  EXPECT_EQ(*Run("60s", dialer), ExitCode::kFine);
  const std::vector<Clock::Duration> sleeps = clock_.sleeps();
  ASSERT_GT(sleeps.size(), 8U);
  EXPECT_THAT(std::vector<Clock::Duration>(sleeps.begin(), sleeps.begin() + 7),
              ElementsAre(5ms, 10ms, 20ms, 40ms, 80ms, 100ms, 100ms));
  EXPECT_THAT(sleeps, Each(Le(Clock::Duration(100ms))));
  EXPECT_EQ(out_.str(), "tcp://127.0.0.1:6379 listens after 1055ms\n");
}

TEST_F(Wait, GivesUpAfterTheTime) {
  FakeDialer dialer(clock_, 1h);
  const Clock::TimePoint start = clock_.Now();
  EXPECT_EQ(*Run("1m30s", dialer), ExitCode::kRefused);
  EXPECT_EQ(clock_.Now() - start, 90s);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(
      err_.str(),
      "remora wait: nothing listens on tcp://127.0.0.1:6379 after 1m30s: Connection refused\n");
}

TEST_F(Wait, DialsOnceMoreAtTheVeryEnd) {
  FakeDialer dialer(clock_, 1s);
  EXPECT_EQ(*Run("1s", dialer), ExitCode::kFine);
}

TEST_F(Wait, NeverDialsLongerThanTheTimeThatIsLeft) {
  FakeDialer dialer(clock_, 1h);
  ASSERT_TRUE(Run("500ms", dialer).ok());
  EXPECT_EQ(dialer.timeouts().front(), 500ms);
  EXPECT_EQ(dialer.timeouts().back(), 1ms);
}

TEST_F(Wait, TakesDurationsAsGoWritesThem) {
  for (const char* text : {"1ms", "500ms", "1.5s", "60s", "1m30s", "1h", "24h"}) {
    FakeDialer dialer(clock_, 0s);
    EXPECT_TRUE(Run(text, dialer).ok()) << text;
  }
  for (const char* text :
       {"", "60", "0", "0s", "-1s", "1x", "s", "1 s", "25h", "1e400s", "1us", "nan", "1s "}) {
    FakeDialer dialer(clock_, 0s);
    const auto result = Run(text, dialer);
    if (result.ok() && std::string(text) == "1us") continue;  // rounded up to 1 ms
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().message(),
              "--timeout: \"" + std::string(text) +
                  "\" is no duration; expected one between 1ms and 24h, such as 60s or 1m30s");
  }
}

TEST(EndpointUrl, NamesAnAddressOrLocalhost) {
  EXPECT_THAT(ParseEndpoint("tcp://127.0.0.1:6379")->addresses, ElementsAre("127.0.0.1"));
  EXPECT_THAT(ParseEndpoint("tcp://[::1]:80")->addresses, ElementsAre("::1"));
  EXPECT_THAT(ParseEndpoint("tcp://localhost:65535")->addresses, ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(ParseEndpoint("tcp://localhost:65535")->port, 65535);
  for (const char* url :
       {"", "127.0.0.1:80", "http://127.0.0.1:80", "tcp://127.0.0.1",
        "tcp://127.0.0.1:", "tcp://:80", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:80/",
        "tcp://127.0.0.1:8o", "tcp://::1:80", "tcp://[127.0.0.1]:80", "tcp://[localhost]:80",
        "tcp://[]:80", "tcp://redis:6379", "tcp://1.2.3:80", "TCP://127.0.0.1:80"}) {
    const auto endpoint = ParseEndpoint(url);
    ASSERT_FALSE(endpoint.ok()) << url;
    EXPECT_THAT(endpoint.error().message(), AllOf(HasSubstr(std::string("\"") + url + "\""),
                                                  HasSubstr("expected tcp://HOST:PORT")));
  }
}

TEST(EndpointUrl, NamesAPortThatExists) {
  for (const char* port : {"0", "65536", "70000", "99999999999999999999"}) {
    const std::string url = std::string("tcp://127.0.0.1:") + port;
    const auto endpoint = ParseEndpoint(url);
    ASSERT_FALSE(endpoint.ok()) << url;
    EXPECT_EQ(endpoint.error().message(),
              '"' + url + "\": there is no port " + port + "; expected one of 1 to 65535");
  }
}

// A socket on a port of the loopback that the kernel chooses; it listens when told to.
class Listener {
 public:
  explicit Listener(int domain) : domain_(domain), fd_(::socket(domain, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    address->sa_family = static_cast<sa_family_t>(domain);
    if (domain == AF_INET)
      reinterpret_cast<sockaddr_in*>(&storage)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
      reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr = in6addr_loopback;
    socklen_t size = domain == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    bound_ = ::bind(fd_, address, size) == 0 && ::getsockname(fd_, address, &size) == 0;
    port_ = ntohs(domain == AF_INET ? reinterpret_cast<sockaddr_in*>(&storage)->sin_port
                                    : reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void Listen() const { ASSERT_EQ(::listen(fd_, 8), 0); }
  bool bound() const { return bound_; }
  std::string Url(const std::string& host) const {
    return "tcp://" + host + ":" + std::to_string(port_);
  }

 private:
  int domain_;
  int fd_;
  bool bound_ = false;
  std::uint16_t port_ = 0;
};

TEST(TcpDialer, TellsAListenerFromAPortThatIsOnlyTaken) {
  const Listener listener(AF_INET);
  ASSERT_TRUE(listener.bound());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto refused = TcpDialer().Dial(*ParseEndpoint(listener.Url(host)), 1s);
    ASSERT_FALSE(refused.ok()) << host;
    EXPECT_EQ(refused.error().message(), "Connection refused") << host;
  }
  listener.Listen();
  for (const char* host : {"127.0.0.1", "localhost"}) {
    EXPECT_TRUE(TcpDialer().Dial(*ParseEndpoint(listener.Url(host)), 1s).ok()) << host;
  }
}

TEST(TcpDialer, DialsIpv6) {
  const Listener listener(AF_INET6);
  if (!listener.bound()) GTEST_SKIP() << "no IPv6 on this machine";
  EXPECT_FALSE(TcpDialer().Dial(*ParseEndpoint(listener.Url("[::1]")), 1s).ok());
  listener.Listen();
  EXPECT_TRUE(TcpDialer().Dial(*ParseEndpoint(listener.Url("[::1]")), 1s).ok());
  EXPECT_TRUE(TcpDialer().Dial(*ParseEndpoint(listener.Url("localhost")), 1s).ok());
}

// Dialled often enough, a port of the range from which the kernel takes the caller's own is the
// caller's own: connect() succeeds though nothing listens.
TEST(TcpDialer, DoesNotTakeItselfForTheListener) {
  std::string url;
  {
    const Listener listener(AF_INET);
    ASSERT_TRUE(listener.bound());
    url = listener.Url("127.0.0.1");
  }
  const Endpoint endpoint = *ParseEndpoint(url);
  constexpr int kMoreThanPortsInTheRange = 60'000;
  TcpDialer dialer;
  for (int i = 0; i < kMoreThanPortsInTheRange; ++i) {
    ASSERT_FALSE(dialer.Dial(endpoint, 1s).ok()) << "attempt " << i << " at " << url;
  }
}

TEST(EndOnSignals, EndsTheProcessWithTheSignalsNumber) {
  EXPECT_EXIT(
      {
        EndOnSignals();
        std::raise(SIGTERM);
      },
      ::testing::ExitedWithCode(143), "");
  EXPECT_EXIT(
      {
        EndOnSignals();
        std::raise(SIGINT);
      },
      ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace remora::cli
