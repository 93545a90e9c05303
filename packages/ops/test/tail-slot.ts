/** Makes the slot of a tail keeper in the database that is asked, and returns its name. */
export const MAKE_TAIL_SLOT = `SELECT slot_name AS name FROM pg_create_logical_replication_slot('regionkit_tail_' ||
  (SELECT oid FROM pg_database WHERE datname = current_database()), 'test_decoding')`;
