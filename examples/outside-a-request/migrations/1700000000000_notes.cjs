exports.up = (pgm) => {
  // A statement that waits for its lock makes every later statement on that table wait behind it.
  pgm.sql("set local lock_timeout = '2s'");
  pgm.createTable('notes', { id: 'id', text: { type: 'text', notNull: true, unique: true } });
  pgm.createTable('cron_runs', {
    name: { type: 'text', primaryKey: true },
    slot: { type: 'timestamptz', primaryKey: true },
  });
};
exports.down = false;
