// AllTroubles: what may become of one request, each with a name for tests that try all of them.
//
// Contract
//   - None of them does what the request asks for, and after each the next request is served.
//   - "Silent" lasts until the client gives up: give its calls a short deadline.
// Thread-safety: any thread.
//
// Example
//   for (const Trouble& trouble : AllTroubles()) {
//     server.FailNext("create", trouble.At(kEvents));
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/fakes/fake_api_server.h"

namespace remora::testing {

struct Trouble {
  std::string name;
  FakeApiServer::Fault fault;

  // When it meets a request of this collection.
  FakeApiServer::Fault At(const std::string& collection) const {
    FakeApiServer::Fault here = fault;
    here.collection = collection;
    return here;
  }
};

inline std::ostream& operator<<(std::ostream& out, const Trouble& trouble) {
  return out << trouble.name;
}

inline std::vector<Trouble> AllTroubles() {
  return {
      {"Unauthorized", {.status = 401, .reason = "Unauthorized"}},
      {"Forbidden", {.status = 403, .reason = "Forbidden"}},
      {"Conflict", {.status = 409, .reason = "Conflict"}},
      {"Gone", {.status = 410, .reason = "Expired"}},
      {"TooMany", {.status = 429, .reason = "TooManyRequests", .headers = "Retry-After: 1\r\n"}},
      {"InternalError", {.status = 500, .reason = "InternalError"}},
      {"HalfAnAnswer", {.status = 200, .raw = R"({"kind": "Sta)"}},
      {"Cut", {.cut = true}},
      {"Silent", {.silent = true}}};
}

}  // namespace remora::testing
