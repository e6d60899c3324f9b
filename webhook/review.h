// AdmissionReview, admission.k8s.io/v1: the question of the API server read, and its answer
// written.
//
// Contract
//   - A question is read in place from an indexed JSON text; nothing is copied but strings with
//     escapes.
//   - An answer is written straight into a buffer: an AdmissionReview with the question's uid, the
//     patch in base64. No document in between.
//   - A field that is absent or of another type reads as empty; only apiVersion, kind and uid are
//     demanded, since without them there is nothing to answer.
// Thread-safety: pure functions; a Review belongs to the thread of its document.
// Errors: Invalid: this is no AdmissionReview. One sentence.
// Lifetime: a Review lives as long as its document and arena do.
//
// Example
//   auto review = ReadReview(document.root(), arena);
//   if (!review.ok()) return Refuse(response, 400, review.error().message());
//   if (!review->CreatesPod()) return WriteAllowed(*review, response.body);
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "operator/base/arena.h"
#include "operator/base/result.h"
#include "operator/injection/json_document.h"

namespace remora::webhook {

// What an object is or where it is served: group "" is core.
struct GroupVersionName {
  std::string_view group;
  std::string_view version;
  std::string_view name;  // the kind, or the resource
  bool operator==(const GroupVersionName&) const = default;
};

struct Review {
  std::string_view uid;
  GroupVersionName kind;
  GroupVersionName resource;
  std::string_view sub_resource;
  std::string_view operation;  // "CREATE"
  std::string_view namespace_name;
  std::string_view name;  // empty for a Pod with a generateName
  bool dry_run = false;
  injection::JsonValue object;
  injection::JsonValue old_object;  // of an update

  // Whether it asks about a core/v1 Pod that is being made, and brings it along.
  bool CreatesPod() const;
};

// The status that the client of the API server gets. 403 Forbidden is what controller-runtime's
// admission.Denied says.
struct Denial {
  int code = 403;
  std::string_view reason = "Forbidden";
  std::string_view message;
};

Result<Review> ReadReview(injection::JsonValue root, Arena& arena);

// Each appends one whole AdmissionReview. `patch` empty: none.
void WriteAllowed(const Review& review, std::string_view patch,
                  std::span<const std::string_view> warnings, std::string& out);
void WriteDenied(const Review& review, const Denial& denial,
                 std::span<const std::string_view> warnings, std::string& out);

}  // namespace remora::webhook
