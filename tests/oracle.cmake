# the plain simulator, the seeded generator, and what they check
add_library(lta_test_support STATIC generate.c build_trace.c oracle/paths.c oracle/replay.c oracle/runs.c)
target_link_libraries(lta_test_support PUBLIC lta_pipeline)

lta_test(differential test_differential.c marconi_files.c)
target_link_libraries(test_differential PRIVATE lta_test_support)
set_tests_properties(differential PROPERTIES LABELS threads)
lta_test(kernels test_kernels.c kernel_cases.c)
target_link_libraries(test_kernels PRIVATE lta_test_support)
lta_test(flat_distance test_flat_distance.c)
target_link_libraries(test_flat_distance PRIVATE lta_test_support)
set_tests_properties(flat_distance PROPERTIES LABELS threads)
lta_test(sequences test_sequences.c kernel_cases.c)
target_link_libraries(test_sequences PRIVATE lta_test_support)

add_test(NAME synth_files COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/synth_files.py $<TARGET_FILE:lta>)

lta_test(split test_split.c store_sample.c)
target_link_libraries(test_split PRIVATE lta_test_support)
set_tests_properties(split PROPERTIES LABELS threads)

# the same with limits so small that these traces reach them: changes in groups of 4, no more than 5 positions a bucket
file(GLOB split_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/pipeline/split/*.c)
lta_test(split_buckets test_split.c store_sample.c ${split_sources})
target_compile_definitions(test_split_buckets PRIVATE LTA_CHANGES_A_GROUP=4 LTA_BUCKET_MOST=5)
target_link_libraries(test_split_buckets PRIVATE lta_test_support)
