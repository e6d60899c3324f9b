// The main of a test program that uses kube::Client, and with it cpprestsdk.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>

#include "operator/base/log.h"
#include "operator/kube/client.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#if defined(__SANITIZE_THREAD__)
// libcpprest.so and the standard library's shared_ptr inside it are not compiled for the sanitizer,
// which therefore does not see that their reference counts order a release before a destruction, nor
// that the library's lock orders the making of an answer's task (_CreateImpl, instantiated in our
// code) before its use. Named one by one, so that races of our own callbacks still show.
extern "C" const char* __tsan_default_suppressions() {
  return "race:web::http::client::details::asio_context::~asio_context\n"
         "race:std::_Sp_counted_ptr_inplace<web::http::client::details::asio_client,*_M_dispose\n"
         "race:pplx::task<web::http::http_response>::_CreateImpl\n"
         "race:pplx::details::_CancellationTokenCallback<web::http::client*>::~_Cancellation\n";
}
#endif

int main(int argc, char** argv) {
  remora::kube::InitializeThreads(2);
  ::testing::InitGoogleMock(&argc, argv);
  int result = RUN_ALL_TESTS();
  remora::FlushLog();
  std::fflush(nullptr);
#if defined(__SANITIZE_ADDRESS__)
  if (__lsan_do_recoverable_leak_check() != 0) result = 1;  // _exit would skip it
#endif
  _exit(result);  // not return: see kube/client.h
}
