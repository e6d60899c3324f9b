set(webhook_tests ${CMAKE_CURRENT_LIST_DIR}/webhook)
remora_test(webhook_test
  SOURCES ${webhook_tests}/http_request_reader_test.cc
          ${webhook_tests}/lister_pattern_source_test.cc
          ${webhook_tests}/live_lookup_test.cc ${webhook_tests}/metrics_test.cc
          ${webhook_tests}/options_test.cc ${webhook_tests}/pattern_handler_test.cc
          ${webhook_tests}/pod_handler_lookup_test.cc ${webhook_tests}/pod_handler_test.cc
          ${webhook_tests}/refusal_events_test.cc
          ${webhook_tests}/review_test.cc ${webhook_tests}/tls_certificate_test.cc
          ${webhook_tests}/workload_handler_test.cc ${webhook_tests}/workload_warnings_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/../integration/webhook/requests.cc
  DEPS remora_webhook remora_fakes LABELS unit)
