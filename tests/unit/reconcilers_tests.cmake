remora_test(certificate_plan_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/certificate_plan_test.cc
  DEPS remora_reconcilers remora_fakes LABELS unit)
remora_test(pod_table_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/pod_table_test.cc
  DEPS remora_reconcilers LABELS unit)
