#include "operator/cli/resource_names.h"

#include <gtest/gtest.h>

#include <string>

namespace remora::cli {
namespace {

TEST(ResourceNames, KnowsTheFormsOfKubectl) {
  const std::pair<const char*, const char*> names[] = {
      {"pod/cart-7d4", "pods"},
      {"po/cart", "pods"},
      {"pods/cart.v1", "pods"},
      {"deploy/cart", "deployments.apps"},
      {"Deployment/cart", "deployments.apps"},
      {"deployment.apps/cart", "deployments.apps"},
      {"sts/cart", "statefulsets.apps"},
      {"ds/cart", "daemonsets.apps"},
      {"rs/cart", "replicasets.apps"},
      {"job/cart", "jobs.batch"},
      {"jobs.batch/cart", "jobs.batch"},
      {"cj/cart", "cronjobs.batch"},
  };
  for (const auto& [text, resource] : names) {
    const auto object = ParseObjectName(text, ObjectClass::kWorkload);
    ASSERT_TRUE(object.ok()) << text << ": " << object.error().message();
    EXPECT_EQ(object->kind->resource().ToString(), resource) << text;
  }
  const auto pattern = ParseObjectName("rsc/log-saver", ObjectClass::kPattern);
  ASSERT_TRUE(pattern.ok());
  EXPECT_EQ(pattern->kind->resource().ToString(), "sidecars.patterns.remora.dev");
  EXPECT_EQ(pattern->name, "log-saver");
}

TEST(ResourceNames, SaysInOneSentenceWhatIsWrong) {
  const std::pair<const char*, const char*> names[] = {
      {"cart", "\"cart\" is no KIND/NAME; expected one such as deployment/cart"},
      {"pod/", "\"pod/\" is no KIND/NAME; expected one such as deployment/cart"},
      {"pod/a/b", "\"pod/a/b\" is no KIND/NAME; expected one such as deployment/cart"},
      {"deploymnt/cart", "\"deploymnt\" is no kind that is known here; did you mean deployment?"},
      {"deployment.extensions/cart",
       "\"deployment\" is no kind that is known here; expected one of pod, deployment, "
       "statefulset, daemonset, replicaset, job, cronjob"},
      {"/cart",
       "\"\" is no kind that is known here; expected one of pod, deployment, statefulset, "
       "daemonset, replicaset, job, cronjob"},
      {"rsc/a",
       "\"rsc/a\" is a pattern; expected one of pod, deployment, statefulset, daemonset, "
       "replicaset, job, cronjob"},
  };
  for (const auto& [text, sentence] : names) {
    const auto object = ParseObjectName(text, ObjectClass::kWorkload);
    ASSERT_FALSE(object.ok()) << text;
    EXPECT_EQ(object.error().message(), sentence);
  }
}

}  // namespace
}  // namespace remora::cli
