# the store: contract, hostile files, and an independent reader in Python
lta_test(store test_store.c store_sample.c)
lta_test(plane_deflate test_plane_deflate.c)
lta_test(store_hostile test_store_hostile.c store_sample.c)
lta_test(verify test_verify.c store_sample.c)

# the system's Python first: that is where the distribution's h5py lives
find_program(LTA_TEST_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(LTA_TEST_PYTHON NAMES python3)
if(LTA_TEST_PYTHON)
  add_test(NAME store_sample_write COMMAND test_store --write ${CMAKE_CURRENT_BINARY_DIR})
  add_test(NAME store_h5py COMMAND ${LTA_TEST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/check_store.py
           ${CMAKE_CURRENT_BINARY_DIR}/sample.h5)
  set_tests_properties(store_sample_write PROPERTIES FIXTURES_SETUP store_sample)
  set_tests_properties(store_h5py PROPERTIES FIXTURES_REQUIRED store_sample SKIP_RETURN_CODE 77 TIMEOUT 600)
endif()
