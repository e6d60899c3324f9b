// Event objects of events.k8s.io/v1, as JSON.
//
// Contract
//   - What the API server would refuse is mended: a note beyond 1024 bytes is cut where a character
//     ends, a name that cannot begin an Event's name is left out of it.
// Thread-safety: pure functions.
// Errors: none.
//
// Example
//   client.Create(EventResource(), EventObject(event, reporter, sighting));
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "operator/base/clock.h"
#include "operator/kube/resource.h"
#include "operator/runtime/event.h"

namespace remora::runtime {

struct EventReporter {
  std::string controller;  // "patterns.remora.dev/webhook"
  std::string instance;    // of its processes
};

// How often and when an Event was seen.
struct EventSighting {
  std::string name = {};  // of the object
  std::uint64_t count = 0;
  Clock::WallTimePoint first = {};
  Clock::WallTimePoint last = {};
};

kube::Resource EventResource();

// Where the Event is kept: the namespace of what it regards, "default" for cluster-wide objects.
std::string_view EventNamespace(const Event& event);

// "<name>.<unique in hex>", a DNS subdomain.
std::string EventName(std::string_view regarding_name, std::uint64_t unique);

nlohmann::json EventObject(const Event& event, const EventReporter& reporter,
                           const EventSighting& sighting);

// The merge patch that brings an Event up to date.
nlohmann::json EventSeriesPatch(const EventSighting& sighting);

// At most 1024 bytes, valid UTF-8.
std::string EventNote(std::string_view note);

}  // namespace remora::runtime
