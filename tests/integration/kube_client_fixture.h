// KubeClientTest: a kube::Client, and a fake API server that speaks TLS to it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "operator/kube/client.h"
#include "tests/fakes/fake_api_server.h"

namespace remora::kube {

inline constexpr char kThings[] = "/apis/example.dev/v1/things";
inline const Resource kThing{"example.dev", "v1", "things"};
// The longest time for a stop and for an event's way to the store.
inline constexpr std::chrono::milliseconds kPromptly{100};
// Far below the default deadline of 30 s, far above what a loaded machine needs.
inline constexpr std::chrono::seconds kSoon{5};

inline nlohmann::json Thing(const std::string& name, const std::string& text = "") {
  return {{"apiVersion", "example.dev/v1"},
          {"kind", "Thing"},
          {"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"text", text}};
}

// How long something takes that ends `call` from another thread: the median of a few rounds, since
// a loaded machine may well stop a thread for longer than what is measured.
template <typename Call>
std::chrono::milliseconds MedianTimeToStop(Call call) {
  constexpr std::size_t kRounds = 5;
  std::vector<std::chrono::steady_clock::duration> times;
  while (times.size() < kRounds) {
    std::stop_source source;
    std::chrono::steady_clock::time_point stopped;
    std::jthread stopper([&] {
      // Into the call; should it not have come that far, the test is right all the same.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      stopped = std::chrono::steady_clock::now();
      source.request_stop();
    });
    call(source.get_token());
    const auto returned = std::chrono::steady_clock::now();
    stopper.join();
    times.push_back(returned - stopped);
  }
  std::sort(times.begin(), times.end());
  return std::chrono::duration_cast<std::chrono::milliseconds>(times[kRounds / 2]);
}

class KubeClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> MakeClient(Config config = {}, Client::Options options = {}) {
    config.server = server_.url();
    config.authority_pem = server_.certificate().authority_pem;
    config.source = "test";
    auto client = Client::Make(config, std::move(options));
    EXPECT_TRUE(client.ok()) << client.error().message();
    return *std::move(client);
  }

  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const auto& one : server_.recorded()) paths.push_back(one.request.path);
    return paths;
  }

  remora::testing::FakeApiServer server_;  // outlives the clients
  std::unique_ptr<Client> client_ = MakeClient();
};

}  // namespace remora::kube
