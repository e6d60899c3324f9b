// What holds the namespaces of a Pod open: it waits, and collects the processes that lost their
// parent, for a Pod whose containers share their process ids.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void End(int signal) {
  (void)signal;
  _exit(0);
}

static void CollectChildren(int signal) {
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

int main(void) {
  signal(SIGINT, End);
  signal(SIGTERM, End);
  signal(SIGCHLD, CollectChildren);
  for (;;) pause();
}
