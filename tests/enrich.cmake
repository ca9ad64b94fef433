# enrichment fields, tables and their CSV
lta_test(statistics test_statistics.c)
foreach(name IN ITEMS enrich tables)
  lta_test(${name} test_${name}.c enrich_trial.c)
  target_link_libraries(test_${name} PRIVATE lta_test_support)
endforeach()

add_test(NAME enrich_reference
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/enrich_reference.py $<TARGET_FILE:lta>)
set_tests_properties(enrich_reference PROPERTIES TIMEOUT 1200)
