# no tests: tests/bench/run.sh runs them
foreach(name bench_bounds bench_flat bench_reuse)
  add_executable(${name} bench/${name}.c)
  target_link_libraries(${name} PRIVATE lta_pipeline)
endforeach()
