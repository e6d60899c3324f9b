// WhyRefused: who stopped an object that was to be created as a dry run, and so how far it came.
//
// An API server judges in this order: may you, mutating admission (webhooks, and plugins such as ServiceAccount), validation, and
// then validating admission (policies, webhooks, Pod Security, quota). What was stopped after validation is valid.
// Source: k8s.io/apiserver pkg/endpoints/handlers/create.go and pkg/registry/generic/registry/store.go.
// Thread-safety: pure function. Errors: none; what is not known is kNoAnswer.
//
// Example
//   const auto answer = client.Create(pods, pod, call, {.dry_run = true, .strict = true});
//   if (!answer.ok() && WhyRefused(answer.error()) == Refusal::kValidation) Say(answer.error());
#pragma once

#include <cstdint>

#include "operator/base/result.h"

namespace remora::kube {

enum class Refusal : std::uint8_t {
  kValidation,   // the object itself is wrong
  kPolicy,       // a ValidatingAdmissionPolicy: after validation
  kPodSecurity,  // after validation
  kQuota,        // after validation
  kWebhook,      // before validation or after
  // Another plugin, such as ServiceAccount or LimitRanger, or a webhook of others that does not answer:
  // before validation or after.
  kPlugin,
  kNotAllowed,  // who asks may not
  // Nobody judged it: no connection, too many requests, the namespace is missing, our own webhook is not
  // there.
  kNoAnswer,
};

Refusal WhyRefused(const Error& error);

}  // namespace remora::kube
