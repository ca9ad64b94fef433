# importers: scanners, coding, quirks of the formats, and an independent slow reader in Python
lta_test(scan test_scan.c)
lta_test(sequence_encoder test_sequence_encoder.c)
lta_test(spaced_integers test_spaced_integers.c)
lta_test(marconi_scan test_marconi_scan.c import_case.c)
lta_test(import test_import.c import_case.c)
lta_test(import_weka test_import_weka.c import_case.c)
lta_test(import_flat test_import_flat.c import_case.c)
lta_test(import_ragpulse test_import_ragpulse.c import_case.c)
lta_test(import_bailian test_import_bailian.c import_case.c)
lta_test(import_burstgpt test_import_burstgpt.c import_case.c)
lta_test(csv_rows test_csv_rows.c import_case.c)
lta_test(import_files test_import_files.c import_case.c)
target_compile_definitions(test_import_files PRIVATE LTA_PROJECT_ROOT="${PROJECT_SOURCE_DIR}")
lta_test(trace test_trace.c)
lta_test(inputs test_inputs.c import_case.c)
target_link_libraries(test_inputs PRIVATE ZLIB::ZLIB PkgConfig::ZSTD)

add_test(NAME import_reference
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/import_reference.py $<TARGET_FILE:lta>)
set_tests_properties(import_reference PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)
add_test(NAME import_reference_blocks
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/import_reference_blocks.py $<TARGET_FILE:lta>)
set_tests_properties(import_reference_blocks PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)

# Kavier tables as CSV and, where Parquet is built in and .build/venv has pyarrow, as Parquet
add_test(NAME kavier_reference
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/kavier_reference.py $<TARGET_FILE:lta>)
add_test(NAME kavier_reference_parquet
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/kavier_reference.py $<TARGET_FILE:lta> --parquet)
set_tests_properties(kavier_reference kavier_reference_parquet PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)
add_test(NAME import_reference_services
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/import_reference_services.py $<TARGET_FILE:lta>)
set_tests_properties(import_reference_services PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)

add_test(NAME conversations
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/conversation_reference.py $<TARGET_FILE:lta> --rounds 60)
add_test(NAME conversations_sentencepiece
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/conversation_reference.py $<TARGET_FILE:lta> --rounds 20
    --sentencepiece ${PROJECT_SOURCE_DIR}/.build/venv/bin/python)
set_tests_properties(conversations conversations_sentencepiece PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200)
