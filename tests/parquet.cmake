# Parquet: written and read back, and what other people's readers make of it
lta_test(parquet test_parquet.c)
lta_cli_test(kavier test_kavier.py)
lta_cli_test(parquet test_parquet.py)
lta_cli_test(conversations_parquet test_conversations_parquet.py)
