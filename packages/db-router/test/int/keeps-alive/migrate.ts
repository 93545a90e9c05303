import knexFactory from 'knex';
import { router } from './router.ts';

const knex = knexFactory({ client: 'pg', connectionPool: router.pool } as never);
const [batch, names] = await knex.migrate.latest({
  migrationSource: {
    getMigrations: async () => ['one'],
    getMigrationName: (name: string) => name,
    getMigration: async () => ({
      up: (schema) => schema.schema.createTable('migrated', (table) => table.increments()),
      down: async () => {},
    }),
  },
});
console.log(`migrated ${batch} ${names}`);
