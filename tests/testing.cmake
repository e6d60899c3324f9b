# remora_test and what it needs: GoogleTest, and its headers precompiled once (they cost 24 CPU
# seconds a file under the sanitizers).
find_package(GTest REQUIRED)

add_library(remora_gmock_pch STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
target_link_libraries(remora_gmock_pch
  PUBLIC remora_warnings GTest::gmock nlohmann_json::nlohmann_json)
target_precompile_headers(remora_gmock_pch PRIVATE
  <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>)

# remora_test(NAME SOURCES... DEPS... [LABELS...]): one test program, registered as one test.
# A source of it may have a main of its own.
function(remora_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name}
    PRIVATE ${ARG_DEPS} remora_warnings nlohmann_json::nlohmann_json GTest::gmock_main GTest::gmock)
  target_precompile_headers(${name} REUSE_FROM remora_gmock_pch)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()
