# The webhook with real clients over loopback TLS, and its shipped binary.
set(webhook_tests ${CMAKE_CURRENT_LIST_DIR}/webhook)
remora_test(webhook_listener_test
  SOURCES ${webhook_tests}/bad_clients_test.cc ${webhook_tests}/listener_test.cc
          ${webhook_tests}/raw_client.cc ${webhook_tests}/requests.cc
  DEPS remora_webhook remora_fakes OpenSSL::SSL LABELS integration)

remora_test(webhook_process_test
  SOURCES ${webhook_tests}/process_faults_test.cc ${webhook_tests}/process_test.cc
          ${webhook_tests}/raw_client.cc
          ${webhook_tests}/requests.cc ${webhook_tests}/webhook_process.cc
  DEPS remora_fakes OpenSSL::SSL LABELS integration)
target_compile_definitions(webhook_process_test
  PRIVATE REMORA_WEBHOOK_BINARY="$<TARGET_FILE:remora-webhook>")
add_dependencies(webhook_process_test remora-webhook)
