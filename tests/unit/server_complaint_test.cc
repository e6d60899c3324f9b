#include "operator/cli/server_complaint.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace remora::cli {
namespace {

struct Case {
  const char* reason;
  const char* message;
  std::vector<std::pair<std::string, std::string>> want;
};

// As Kubernetes 1.33 writes them.
const Case kCases[] = {
    {"one field",
     R"(Pod "a" is invalid: spec.containers[1].image: Required value (422 Invalid))",
     {{"spec.containers[1].image", "Required value"}}},
    {"several fields",
     R"(Pod "a" is invalid: [spec.containers[1].env[0].name: Invalid value: "1=2": a valid name, )"
     R"(spec.containers[1].volumeMounts[0].name: Not found: "v"] (422 Invalid))",
     {{"spec.containers[1].env[0].name", R"(Invalid value: "1=2": a valid name)"},
      {"spec.containers[1].volumeMounts[0].name", R"(Not found: "v")"}}},
    {"unknown fields",
     R"(Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field )"
     R"("spec.containers[1].foo", duplicate field "spec.initContainers[0].name" (400 BadRequest))",
     {{"spec.containers[1].foo", "unknown field"},
      {"spec.initContainers[0].name", "the field stands twice"}}},
    {"an apply",
     R"(failed to create typed patch object (shop/good; patterns.remora.dev/v1alpha1, Kind=Sidecar):)"
     R"( .metadata.annotatins: field not declared in schema (500))",
     {{"metadata.annotatins", "field not declared in schema"}}},
    {"our webhook",
     R"(admission webhook "patterns.patterns.remora.dev" denied the request: Sidecar shop/bad: )"
     R"(spec.container.image: params.version is no parameter (422 Invalid))",
     {{"spec.container.image", "params.version is no parameter"}}},
    {"a path in a value is no field",
     R"(Pod "a" is invalid: spec.x: Invalid value: "spec.y: z": bad (422 Invalid))",
     {{"spec.x", R"(Invalid value: "spec.y: z": bad)"}}},
    {"a key with dots and colons in brackets",
     R"(Pod "a" is invalid: metadata.labels[a.b/c: d]: Invalid value: "x" (422 Invalid))",
     {{"metadata.labels[a.b/c: d]", R"(Invalid value: "x")"}}},
    {"no field",
     "pods \"a\" is forbidden: no serviceaccount (403 Forbidden)",
     {{"", "pods \"a\" is forbidden: no serviceaccount"}}},
};

TEST(ServerComplaint, TellsFieldsAndSentencesApart) {
  for (const Case& c : kCases) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const Complaint& complaint : ReadComplaints(c.message)) {
      found.emplace_back(complaint.field, complaint.sentence);
    }
    EXPECT_EQ(found, c.want) << c.reason;
  }
}

}  // namespace
}  // namespace remora::cli
