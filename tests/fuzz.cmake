# libFuzzer targets, one a line; tests/fuzz/run.sh runs them: clang, -DLTA_FUZZ=ON, best with -DLTA_SANITIZE=address,undefined
function(lta_fuzz name)
  add_executable(fuzz_${name} fuzz/fuzz_${name}.c)
  target_link_libraries(fuzz_${name} PRIVATE lta_pipeline)
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()

if(LTA_FUZZ)
  lta_fuzz(azure)
  lta_fuzz(marconi)
  lta_fuzz(mooncake)
  lta_fuzz(store)
endif()
