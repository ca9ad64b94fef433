# the program as its users meet it, one file of Python tests a subject; exit code 77: skipped, the reason is printed
set(lta_python /usr/bin/python3) # the one that Debian installs python3-h5py for

# lta_cli_test(name file [class...]): an entry of its own for some classes of a file, so that they run beside the others
function(lta_cli_test name file)
  add_test(NAME cli_${name} COMMAND ${lta_python} -B ${CMAKE_CURRENT_SOURCE_DIR}/cli/${file} ${ARGN})
  set_tests_properties(cli_${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800
    ENVIRONMENT LTA=$<TARGET_FILE:lta>)
endfunction()

lta_cli_test(published test_published.py)
lta_cli_test(five_requests test_five_requests.py)
lta_cli_test(threads test_reproducible.py Threads)
lta_cli_test(resume test_reproducible.py Resume)
lta_cli_test(kills test_reproducible.py Kills)
lta_cli_test(hostile_sources test_hostile_sources.py)
lta_cli_test(hostile_stores test_hostile_stores.py)
lta_cli_test(hostile_outputs test_hostile_outputs.py)
lta_cli_test(usage test_usage.py)
lta_cli_test(h5py test_h5py.py)
lta_cli_test(export test_export.py)
lta_cli_test(absent_columns test_absent_columns.py)
lta_cli_test(merge test_merge.py)
lta_cli_test(diff test_diff.py)
lta_cli_test(anonymize test_anonymize.py)
lta_cli_test(split test_split.py)
lta_cli_test(round_trips test_round_trips.py)
lta_cli_test(kavier_package test_kavier_package.py)
lta_cli_test(libcachesim test_libcachesim.py)
lta_cli_test(flat test_flat.py)
lta_cli_test(release test_release.py)
lta_cli_test(notebooks test_notebooks.py)
lta_cli_test(memory test_memory.py)
lta_cli_test(export_alone test_export_alone.py)
set_tests_properties(cli_five_requests cli_threads csv_rows marconi_scan kernels PROPERTIES LABELS threads) # those that say most under ThreadSanitizer
lta_cli_test(conversations test_conversations.py)
lta_cli_test(manual test_manual.py)
lta_cli_test(report test_report.py Figures Writing)
lta_cli_test(report_browser test_report.py Browser)
set_tests_properties(cli_report_browser PROPERTIES LABELS once) # of other programs: sanitizers have nothing to say there
lta_cli_test(jobs test_jobs.py Local)
lta_cli_test(jobs_slurm test_jobs.py Slurm)
set_tests_properties(cli_jobs_slurm PROPERTIES LABELS once) # of the scripts: sanitizers have nothing to say there
