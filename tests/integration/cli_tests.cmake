remora_test(live_patterns_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/live_patterns_test.cc
  DEPS remora_cli remora_fakes LABELS integration)
