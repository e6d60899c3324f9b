// OperatorTest: what the leader does all day, against a fake API server that speaks TLS to it.
//
// Contract
//   - shop has patterns of every kind and Pods in every state. Settles() waits until each status is
//     what an operator writes that starts on the same objects and meets no fault.
//   - A test fails when it leaves a thread or an open file behind.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/kube/client.h"
#include "operator/leader_work.h"
#include "operator/runtime/manager.h"
#include "tests/fakes/fake_api_server.h"

namespace remora::testing {

inline constexpr char kNamespaces[] = "/api/v1/namespaces";
inline constexpr char kPods[] = "/api/v1/pods";
inline constexpr char kSidecars[] = "/apis/patterns.remora.dev/v1alpha1/sidecars";
inline constexpr char kAmbassadors[] = "/apis/patterns.remora.dev/v1alpha1/ambassadors";
inline constexpr char kAdapters[] = "/apis/patterns.remora.dev/v1alpha1/adapters";
// An object whose name begins with it is as if it were not there, for the statuses of the others.
inline constexpr char kPoison[] = "poison";
// Far above what a loaded machine needs, a sanitizer on it.
inline constexpr std::chrono::seconds kPatience{20};

nlohmann::json Pattern(const std::string& kind, const std::string& name, nlohmann::json spec);
nlohmann::json SaverSpec(const std::string& image = "saver:1");
// What the Sidecar saver has become in a Pod.
std::string Record(const std::string& reason, const std::string& revision);
// Asks for the Sidecar saver. Empty record: came without.
nlohmann::json Pod(const std::string& name, const std::string& record = "");

// By path of the collection and name; without the times, which differ from run to run.
using Statuses = std::map<std::string, nlohmann::json>;
Statuses StatusesOf(const FakeApiServer& server);

struct OperatorSettings {
  kube::Config config = {};
  std::function<bool()> may_write = [] { return true; };
  std::string user_agent = "operator";
  std::string sealed_namespace = {};  // empty: no dry runs
};

// One that holds the Lease, as far as `may_write` says.
class RunningOperator {
 public:
  explicit RunningOperator(const FakeApiServer& server, OperatorSettings settings = {});
  ~RunningOperator() { manager_.Stop(); }
  RunningOperator(const RunningOperator&) = delete;
  RunningOperator& operator=(const RunningOperator&) = delete;

  // All caches are read.
  bool IsReady() const { return Missing().empty(); }
  std::string Missing() const { return work_->Missing(); }
  const LeaderWork& work() const { return *work_; }
  // The value of a series, "name{label="value"}"; nothing: there is none.
  std::optional<double> Metric(const std::string& series) const;
  // False when it does not come to have at least that value.
  bool WaitForMetric(const std::string& series, double least) const;

 private:
  SystemClock clock_;
  std::unique_ptr<kube::Client> client_;
  std::optional<LeaderWork> work_;
  runtime::Manager manager_;
};

class OperatorTest : public ::testing::Test {
 protected:
  OperatorTest();
  ~OperatorTest() override;
  // The HTTP library starts threads with its first connection and keeps them.
  static void SetUpTestSuite();

  // Starts it, and waits for the first statuses.
  void Start(const OperatorSettings& settings = {});
  bool Settles() const { return SettlesAs(Undisturbed(*server_)); }
  bool SettlesAs(const Statuses& want) const;
  // The statuses that an operator writes on these objects when nothing goes wrong.
  static Statuses Undisturbed(const FakeApiServer& original);

  std::optional<FakeApiServer> server_;
  std::optional<RunningOperator> operator_;
};

}  // namespace remora::testing
