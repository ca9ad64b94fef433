# the CUDA twins against the CPU's, on a device or, where LTA_CUDA_EMULATOR names a folder with a libcudart that runs kernels on the CPU,
# on that; its checks are on in some entries, and exit code 9 is what it found
set(LTA_CUDA_EMULATOR "" CACHE PATH "folder of a libcudart that runs kernels without a device, for the tests of the CUDA twins")
if(LTA_HAVE_CUDA)
  set(lta_cuda_environment "LTA_TEST_DEVICE=cuda")
  if(LTA_CUDA_EMULATOR)
    list(APPEND lta_cuda_environment "LD_LIBRARY_PATH=${LTA_CUDA_EMULATOR}" CUDA_EMU_ERROR_EXIT=9 CUDA_EMU_LEAKCHECK=1)
  endif()

  # lta_cuda_test(name target [environment...])
  function(lta_cuda_test name target)
    add_test(NAME cuda_${name} COMMAND ${target})
    set_tests_properties(cuda_${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1200 LABELS cuda
      ENVIRONMENT "${lta_cuda_environment};${ARGN}")
  endfunction()

  add_executable(test_twins test_twins.c)
  target_link_libraries(test_twins PRIVATE lta_pipeline lta_test_support ${CMOCKA_LIBRARIES})
  # the trie's own hash cut down to 3 bits: nearly every comparison meets a collision
  add_executable(test_collisions test_kernels.c kernel_cases.c ${PROJECT_SOURCE_DIR}/kernels/trie_build_cuda.cu)
  target_compile_definitions(test_collisions PRIVATE LTA_BRANCH_HASH_BITS=3)
  target_link_libraries(test_collisions PRIVATE lta_pipeline lta_test_support ${CMOCKA_LIBRARIES})

  add_executable(test_cuda_copy test_cuda_copy.cu)
  target_link_libraries(test_cuda_copy PRIVATE lta_kernels)

  lta_cuda_test(copy test_cuda_copy)
  lta_cuda_test(kernels test_kernels)
  lta_cuda_test(sequences test_sequences)
  lta_cuda_test(collisions test_collisions)
  lta_cuda_test(differential test_differential LTA_TEST_TRACES=300)
  lta_cuda_test(split test_split LTA_TEST_TRACES=100)
  lta_cuda_test(twins test_twins)
  set_tests_properties(cuda_twins PROPERTIES COST 200) # among the first to start
  if(LTA_CUDA_EMULATOR)
    lta_cuda_test(memory test_twins LTA_TEST_TRACES=100 CUDA_EMU_INITCHECK=1 CUDA_EMU_FILL=165)
    lta_cuda_test(races test_twins LTA_TEST_TRACES=60 CUDA_EMU_RACECHECK=1)
    foreach(seed IN ITEMS 1 2 3)
      lta_cuda_test(order_${seed} test_twins LTA_TEST_TRACES=40 LTA_TEST_SEED=${seed}00 CUDA_EMU_SEED=${seed} CUDA_EMU_RACECHECK=1)
    endforeach()
  endif()

  lta_cli_test(cuda test_cuda.py)
  set_tests_properties(cli_cuda PROPERTIES LABELS cuda COST 200
    ENVIRONMENT "LTA=$<TARGET_FILE:lta>;LTA_CUDA_EMULATOR=${LTA_CUDA_EMULATOR}")
endif()
