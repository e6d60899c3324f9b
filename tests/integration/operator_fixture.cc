#include "tests/integration/operator_fixture.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <thread>

#include "operator/api/revision.h"
#include "operator/base/log.h"
#include "operator/base/metric_family.h"

namespace remora::testing {

namespace {

constexpr const char* kPatternKinds[] = {kSidecars, kAmbassadors, kAdapters};

struct Own {
  std::ptrdiff_t threads = 0;
  std::ptrdiff_t files = 0;
};

Own CountOwn() {
  const auto count = [](const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder),
                         std::filesystem::directory_iterator());
  };
  return {count("/proc/self/task"), count("/proc/self/fd")};
}

// Of this process between two tests, as seen so far: what has ended is in /proc for a moment still.
Own least;

bool LeavesNothing() {
  const Own now = CountOwn();
  return now.threads <= least.threads && now.files <= least.files;
}

bool IsPoison(const nlohmann::json& object) {
  return object["metadata"]["name"].get_ref<const std::string&>().starts_with(kPoison);
}

}  // namespace

nlohmann::json Pattern(const std::string& kind, const std::string& name, nlohmann::json spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", kind},
          {"metadata",
           {{"namespace", "shop"},
            {"name", name},
            {"uid", kind + name},
            {"generation", 1},
            {"creationTimestamp", "2026-01-01T12:00:00Z"}}},
          {"spec", std::move(spec)}};
}

nlohmann::json SaverSpec(const std::string& image) { return {{"container", {{"image", image}}}}; }

std::string Record(const std::string& reason, const std::string& revision) {
  return nlohmann::json{{"version", 1},
                        {"patterns",
                         {{{"kind", "Sidecar"},
                           {"namespace", "shop"},
                           {"name", "saver"},
                           {"revision", revision},
                           {"reason", reason},
                           {"message", reason == "Injected" ? "" : "why not"}}}}}
      .dump();
}

nlohmann::json Pod(const std::string& name, const std::string& record) {
  nlohmann::json annotations = {{"patterns.remora.dev/sidecar", "saver"}};
  if (!record.empty()) annotations["patterns.remora.dev/status"] = record;
  return {{"metadata",
           {{"namespace", "shop"},
            {"name", name},
            {"uid", "uid-" + name},
            {"creationTimestamp", "2026-01-01T13:00:00Z"},
            {"annotations", std::move(annotations)}}}};
}

Statuses StatusesOf(const FakeApiServer& server) {
  Statuses statuses;
  for (const char* kind : kPatternKinds) {
    for (const nlohmann::json& pattern : server.All(kind)) {
      if (IsPoison(pattern)) continue;
      nlohmann::json status = pattern.value("status", nlohmann::json());
      if (status.is_object() && status.contains("conditions")) {
        for (nlohmann::json& condition : status["conditions"])
          condition.erase("lastTransitionTime");
      }
      const std::string name = pattern["metadata"]["name"].get<std::string>();
      statuses[std::string(kind) + "/" + name] = std::move(status);
    }
  }
  return statuses;
}

RunningOperator::RunningOperator(const FakeApiServer& server, OperatorSettings settings) {
  settings.config.server = server.url();
  settings.config.authority_pem = server.certificate().authority_pem;
  client_ = *kube::Client::Make(settings.config, {.user_agent = std::move(settings.user_agent),
                                                  .may_write = settings.may_write});
  OperatorOptions options;
  options.sealed_namespace = std::move(settings.sealed_namespace);
  work_.emplace(options, LeaderWork::Dependencies{.client = *client_,
                                                  .clock = clock_,
                                                  .may_write = std::move(settings.may_write)});
  work_->RunIn(manager_);
}

std::optional<double> RunningOperator::Metric(const std::string& series) const {
  const std::string text = "\n" + RenderMetrics(work_->metrics());
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return std::nullopt;
  return std::stod(text.substr(at + series.size() + 2));
}

bool RunningOperator::WaitForMetric(const std::string& series, double least) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (Metric(series).value_or(least - 1) < least) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // nobody tells of it
  }
  return true;
}

OperatorTest::OperatorTest() {
  RedirectLog([](std::string_view /*line*/) {});
  const Own now = CountOwn();
  least = least.threads == 0
              ? now
              : Own{std::min(least.threads, now.threads), std::min(least.files, now.files)};
  server_.emplace();
  server_->Put(kNamespaces, {{"metadata", {{"name", "shop"}}}});
  server_->Put(kSidecars, Pattern("Sidecar", "saver", SaverSpec()));
  server_->Put(kAmbassadors, Pattern("Ambassador", "cache", {{"container", {{"image", "c"}}}}));
  server_->Put(kAdapters, Pattern("Adapter", "meter", {{"container", {{"image", "m"}}}}));
  const std::string revision = api::RevisionOf(SaverSpec());
  server_->Put(kPods, Pod("web-1", Record("Injected", revision)));
  server_->Put(kPods, Pod("web-2", Record("Injected", "older")));
  server_->Put(kPods, Pod("web-3", Record("MountPathTaken", revision)));
  server_->Put(kPods, Pod("web-4"));
}

OperatorTest::~OperatorTest() {
  operator_.reset();
  server_.reset();  // says when a client still holds a connection
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!LeavesNothing() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(LeavesNothing()) << CountOwn().threads << " threads and " << CountOwn().files
                               << " open files; there were " << least.threads << " and "
                               << least.files;
  RedirectLog(nullptr);
}

void OperatorTest::SetUpTestSuite() {
  const FakeApiServer server;
  const auto client = kube::Client::Make(
      {.server = server.url(), .authority_pem = server.certificate().authority_pem});
  EXPECT_TRUE((*client)->List({"", "v1", "pods"}).ok());
}

void OperatorTest::Start(const OperatorSettings& settings) {
  operator_.emplace(*server_, settings);
  ASSERT_TRUE(Settles());
  ASSERT_TRUE(server_->WaitForOpenWatches(6));
}

bool OperatorTest::SettlesAs(const Statuses& want) const {
  if (server_->WaitUntil(kPatience, [&] { return StatusesOf(*server_) == want; })) return true;
  ADD_FAILURE() << "want " << nlohmann::json(want).dump(1) << "\ngot "
                << nlohmann::json(StatusesOf(*server_)).dump(1);
  return false;
}

Statuses OperatorTest::Undisturbed(const FakeApiServer& original) {
  FakeApiServer server;
  for (const char* collection : {kNamespaces, kPods, kSidecars, kAmbassadors, kAdapters}) {
    for (nlohmann::json object : original.All(collection)) {
      if (IsPoison(object)) continue;
      object.erase("status");
      server.Put(collection, std::move(object));
    }
  }
  const RunningOperator undisturbed(server);
  EXPECT_TRUE(server.WaitUntil(kPatience, [&] {
    const Statuses statuses = StatusesOf(server);
    return std::none_of(statuses.begin(), statuses.end(),
                        [](const auto& status) { return status.second.is_null(); });
  }));
  return StatusesOf(server);
}

}  // namespace remora::testing
