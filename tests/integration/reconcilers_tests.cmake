remora_test(certificate_reconciler_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/certificate_reconciler_test.cc
  DEPS remora_reconcilers remora_runtime remora_fakes LABELS integration)
# For tests/e2e/certificates_test.sh.
add_executable(certificates_driver ${CMAKE_CURRENT_LIST_DIR}/certificates_driver.cc)
target_link_libraries(certificates_driver
  PRIVATE remora_warnings remora_reconcilers remora_runtime CLI11::CLI11)
remora_test(missing_pod_reconciler_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/missing_pod_faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/missing_pod_forecast_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/missing_pod_reconciler_test.cc
  DEPS remora_reconcilers remora_runtime remora_fakes LABELS integration)
remora_test(operator_faults_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_fixture.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_healing_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_poison_test.cc
  DEPS remora_leader_work remora_fakes LABELS integration)
remora_test(operator_process_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_fixture.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_probes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/operator_requests_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/two_operators_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/webhook/raw_client.cc
  DEPS remora_leader_work remora_fakes OpenSSL::SSL LABELS integration)
remora_test(pattern_acceptance_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/pattern_acceptance_test.cc
  DEPS remora_reconcilers remora_runtime remora_fakes LABELS integration)
remora_test(webhook_removal_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/webhook_removal_test.cc
  DEPS remora_leader_work remora_fakes LABELS integration)
