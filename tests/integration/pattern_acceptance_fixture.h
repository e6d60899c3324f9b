// PatternAcceptanceTest: the acceptance of patterns in front of a fake API server, and with a clock that can
// be moved.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/reconcilers/pattern_acceptance.h"
#include "operator/runtime/store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::reconcilers {

inline constexpr char kRevisions[] = "/apis/apps/v1/controllerrevisions";
inline constexpr char kSidecars[] = "/apis/patterns.remora.dev/v1alpha1/sidecars";

class PatternAcceptanceTest : public kube::KubeClientTest {
 protected:
  using json = nlohmann::json;
  using State = Acceptance::State;

  PatternAcceptanceTest() { revisions_.TakePage({}, runtime::kWholeList); }

  static json Object(const std::string& image, int generation, int limit) {
    return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
            {"kind", "Sidecar"},
            {"metadata",
             {{"namespace", "shop"},
              {"name", "saver"},
              {"uid", "u"},
              {"generation", generation},
              {"creationTimestamp", "2025-12-31T23:00:00Z"}}},
            {"spec", {{"container", {{"image", image}}}, {"revisionHistoryLimit", limit}}}};
  }
  std::shared_ptr<const PatternObject> Pattern(const std::string& image, int generation = 1,
                                               int limit = 10) {
    const json object = Object(image, generation, limit);
    server_.Put(kSidecars, object);
    return *PatternObject::FromObject(object);
  }

  // The next creation is that of the dry run.
  void Answer(int code, const std::string& reason, const std::string& message) {
    server_.FailNext(
        "create",
        {.status = code,
         .raw = json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}}
                    .dump()});
  }
  void AnswerOfQuota() {
    Answer(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: no-pods");
  }
  void AnswerOfWebhook() {
    Answer(403, "Forbidden", "admission webhook \"validate.example\" denied the request: no team");
  }

  Acceptance Accept(const std::shared_ptr<const PatternObject>& pattern) {
    auto accepted = acceptance_.Accept(*pattern, {});
    EXPECT_TRUE(accepted.ok()) << accepted.error().message();
    return accepted.ok() ? *accepted : Acceptance();
  }
  // Since a webhook stands in the way.
  void AcceptUnchecked(const std::shared_ptr<const PatternObject>& pattern) {
    for (int i = 0; i < 7; ++i) {
      AnswerOfWebhook();
      if (Accept(pattern).state == State::kAccepted) return Catch();
      clock_.Advance(std::chrono::seconds(10));
    }
    ADD_FAILURE() << "it was not accepted within a minute";
  }
  // One revision after the other, of a pattern that wants none but the current one.
  std::shared_ptr<const PatternObject> KeepMany(int count) {
    std::shared_ptr<const PatternObject> pattern;
    for (int i = 1; i <= count; ++i) {
      pattern = Pattern("saver:" + std::to_string(i), i, /*limit=*/0);
      if (keeper_.IsKept(*pattern, pattern->revision())) continue;
      AnswerOfQuota();
      EXPECT_EQ(Accept(pattern).state, State::kAccepted);
      Catch();
    }
    return pattern;
  }
  // As it is kept of that image.
  json Revision(const std::string& image) const {
    for (const json& revision : server_.All(kRevisions)) {
      if (revision["data"]["spec"]["container"]["image"] == image) return revision;
    }
    return nullptr;
  }
  runtime::Requeue Trim(const std::shared_ptr<const PatternObject>& pattern) {
    const auto trimmed = keeper_.Trim(*pattern, {pattern->revision()}, {});
    EXPECT_TRUE(trimmed.ok()) << trimmed.error().message();
    return trimmed.ok() ? *trimmed : runtime::Requeue();
  }
  // The watch has brought all.
  void Catch() { revisions_.TakePage(server_.All(kRevisions), runtime::kWholeList); }

  remora::testing::FakeClock clock_;
  runtime::Store<api::KeptRevision> revisions_{DecodeRevision};
  const injection::Environment environment_;
  const SealedCheck check_{{*client_, environment_, "remora-sealed"}};
  RevisionKeeper keeper_{*client_, clock_, revisions_.lister()};
  PatternAcceptance acceptance_{{clock_, check_, keeper_}};
};

}  // namespace remora::reconcilers
