remora_test(api_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/api_test.cc
  DEPS remora_api LABELS unit)
remora_test(parameters_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/parameters_test.cc
  DEPS remora_injection LABELS unit)
# The patterns and CRDs are read where they stand, not from copies.
foreach(name IN ITEMS crd_parity_test pattern_twin_test)
  remora_test(${name}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.cc
    DEPS remora_injection remora_cli LABELS unit)
  target_compile_definitions(${name} PRIVATE REMORA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endforeach()
