lta_test(core test_core.c)
lta_test(array test_array.c)
lta_test(carry test_carry.c)

# fails the n-th allocation for every n
lta_test(out_of_memory test_out_of_memory.c)
target_link_options(test_out_of_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc)
