set(yaml_golden ${CMAKE_CURRENT_LIST_DIR}/../golden/yaml)
remora_test(yaml_reader_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/yaml_reader_test.cc
  DEPS remora_cli LABELS unit)
remora_test(yaml_writer_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/yaml_writer_test.cc
  DEPS remora_cli LABELS unit)
remora_test(workloads_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/workloads_test.cc
  DEPS remora_cli LABELS unit)
remora_test(wait_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/wait_test.cc
  DEPS remora_cli remora_fakes LABELS unit)
remora_test(text_editor_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/text_editor_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/injected_texts_test.cc
  DEPS remora_cli LABELS unit)
remora_test(cli_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_test.cc ${CMAKE_CURRENT_LIST_DIR}/text_stream_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/catalog_command_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/companion_state_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/explain_command_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/field_differences_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/pattern_commands_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/pattern_flags_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/pattern_history_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/plugin_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/port_moves_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/resource_names_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/server_complaint_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/status_text_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/uninject_command_test.cc
  DEPS remora_cli LABELS unit)
target_compile_definitions(yaml_reader_test PRIVATE REMORA_YAML_SCALARS="${yaml_golden}/scalars.tsv")
target_compile_definitions(yaml_writer_test PRIVATE REMORA_YAML_STRINGS="${yaml_golden}/strings.json")
remora_test(doctor_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/doctor/healthy_facts.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/admission_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/certificate_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/doctor_text_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/pattern_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/program_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/right_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/server_checks_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/doctor/webhook_checks_test.cc
  DEPS remora_cli LABELS unit)
target_compile_definitions(doctor_test PRIVATE REMORA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
