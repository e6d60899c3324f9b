remora_test(base_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/base_test.cc ${CMAKE_CURRENT_LIST_DIR}/x509_test.cc
  DEPS remora_base remora_fakes OpenSSL::Crypto LABELS unit)
remora_test(event_object_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/event_object_test.cc
  DEPS remora_runtime LABELS unit)
remora_test(kube_config_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/kube_config_test.cc
  DEPS remora_kube LABELS unit)
remora_test(manager_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/manager_test.cc
  DEPS remora_runtime LABELS unit)
remora_test(reflector_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/reflector_test.cc
  DEPS remora_runtime remora_fakes LABELS unit)
remora_test(store_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_test.cc
  DEPS remora_runtime LABELS unit)
remora_test(work_queue_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/work_queue_test.cc
  DEPS remora_runtime remora_fakes LABELS unit)
