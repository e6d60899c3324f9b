// WebhookProcess: the shipped binary, started with some flags, its log in a file.
//
// Contract
//   - Every wait ends after twenty seconds: the binary may be a sanitizer's.
//   - A process that still runs is killed with its owner.
// Thread-safety: owner thread only.
//
// Example
//   WebhookProcess webhook({"--port=0", ...});
//   RawClient client(webhook.WaitForPort());
//   webhook.Signal(SIGTERM);
//   EXPECT_EQ(webhook.WaitForExit(), 0);
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/webhook/temporary_folder.h"

namespace remora::testing {

class WebhookProcess {
 public:
  explicit WebhookProcess(const std::vector<std::string>& flags);
  ~WebhookProcess();
  WebhookProcess(const WebhookProcess&) = delete;
  WebhookProcess& operator=(const WebhookProcess&) = delete;

  // From its log; 0 when it never listens.
  std::uint16_t WaitForPort();
  // Until its log says so.
  bool WaitForText(const std::string& text);
  void Signal(int signal) const;
  // The exit code; -1 when it does not end, or by a signal.
  int WaitForExit();
  std::string standard_error() const;

 private:
  TemporaryFolder folder_;
  pid_t process_ = -1;
};

}  // namespace remora::testing
