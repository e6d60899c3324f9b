#include "operator/runtime/event_object.h"

#include <gtest/gtest.h>

#include <string>

#include "operator/api/annotations.h"

namespace remora::runtime {
namespace {

using nlohmann::json;

// 2026-01-01T00:00:00Z
constexpr Clock::WallTimePoint kTime{std::chrono::seconds(1767225600)};

Event Refusal() {
  return {.regarding = {"apps/v1", "ReplicaSet", "shop", "cart-5d", "uid-1"},
          .related = {"patterns.remora.dev/v1alpha1", "Ambassador", "catalog", "redis", ""},
          .warning = true,
          .reason = "PortTaken",
          .action = "Deny",
          .note = "port 6379 is declared by container cart"};
}

TEST(EventObject, IsAnEventOfEventsV1) {
  const EventSighting sighting{.name = "cart-5d.1f", .count = 1, .first = kTime, .last = kTime};
  EXPECT_EQ(EventObject(Refusal(), {"patterns.remora.dev/webhook", "webhook-7"}, sighting),
            json::parse(R"({
    "apiVersion": "events.k8s.io/v1", "kind": "Event",
    "metadata": {"namespace": "shop", "name": "cart-5d.1f"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "patterns.remora.dev/webhook", "reportingInstance": "webhook-7",
    "type": "Warning", "reason": "PortTaken", "action": "Deny",
    "note": "port 6379 is declared by container cart",
    "regarding": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "namespace": "shop",
                  "name": "cart-5d", "uid": "uid-1"},
    "related": {"apiVersion": "patterns.remora.dev/v1alpha1", "kind": "Ambassador",
                "namespace": "catalog", "name": "redis"}})"));
}

TEST(EventObject, HasASeriesWhenItWasSeenAgain) {
  const EventSighting sighting{.name = "cart-5d.1f",
                               .count = 3,
                               .first = kTime,
                               .last = kTime + std::chrono::microseconds(1'500'001)};
  const json series =
      json::parse(R"({"series": {"count": 3, "lastObservedTime": "2026-01-01T00:00:01.500001Z"}})");
  EXPECT_EQ(EventObject(Refusal(), {"c", "i"}, sighting)["series"], series["series"]);
  EXPECT_EQ(EventObject(Refusal(), {"c", "i"}, sighting)["eventTime"],
            "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(EventSeriesPatch(sighting), series);
}

TEST(EventObject, OfAClusterWideObjectIsInTheNamespaceDefault) {
  Event event = Refusal();
  event.regarding.namespace_name.clear();
  event.related = {};
  event.warning = false;
  const json object = EventObject(event, {"c", std::string(200, 'i')}, {.count = 1});
  EXPECT_EQ(object["metadata"]["namespace"], "default");
  EXPECT_FALSE(object["regarding"].contains("namespace"));
  EXPECT_FALSE(object.contains("related"));
  EXPECT_EQ(object["type"], "Normal");
  EXPECT_EQ(object["reportingInstance"].get<std::string>().size(), 128u);
}

TEST(EventObject, HasAValidNameWhateverTheObjectIsCalled) {
  const struct {
    std::string name;
    std::string want;
    const char* reason;
  } rows[] = {
      {"cart", "cart.ffffffffffffffff", "the ordinary case"},
      {std::string(253, 'a'), std::string(236, 'a') + ".ffffffffffffffff", "253 bytes at most"},
      {std::string(235, 'a') + ".b", std::string(235, 'a') + ".ffffffffffffffff", "cut at a dot"},
      {"system:node", "event.ffffffffffffffff", "a name of RBAC"},
      {"Cart", "event.ffffffffffffffff", "no object of that name will be there"},
      {"", "event.ffffffffffffffff", "no name at all"},
  };
  for (const auto& [name, want, reason] : rows) {
    const std::string got = EventName(name, ~std::uint64_t{0});
    EXPECT_EQ(got, want) << reason;
    EXPECT_TRUE(api::IsDnsSubdomain(got)) << reason;
  }
}

TEST(EventObject, CutsANoteWhereACharacterEnds) {
  const std::string euro = "\xE2\x82\xAC";
  EXPECT_EQ(EventNote(std::string(1024, 'x')), std::string(1024, 'x'));
  EXPECT_EQ(EventNote(std::string(1021, 'x') + euro), std::string(1021, 'x') + euro);
  EXPECT_EQ(EventNote(std::string(1022, 'x') + euro), std::string(1022, 'x'));
  EXPECT_EQ(EventNote(std::string(1023, 'x') + euro), std::string(1023, 'x'));
  EXPECT_EQ(EventNote("a\xFFz"), "a\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace remora::runtime
