remora_test(injection_test
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/byte_scan_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/injector_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/json_document_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/occupancy_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/patch_writer_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/template_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/undo_test.cc
  DEPS remora_injection LABELS unit)
