# Programs that use kube::Client take cpprest_main.cc instead of gmock_main.
remora_test(kube_client_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/kube_client_options_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/kube_client_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/leader_elector_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/reflector_faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/reflector_over_tls_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/watch_stream_test.cc
  DEPS remora_runtime remora_fakes LABELS integration)
remora_test(event_recorder_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpprest_main.cc
          ${CMAKE_CURRENT_LIST_DIR}/event_recorder_test.cc
  DEPS remora_runtime remora_fakes LABELS integration)
