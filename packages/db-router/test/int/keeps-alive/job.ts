import { router } from './router.ts';

/** One job, named by the argument. Its line comes when it is done; an error ends the process as any does. */
const jobs: { readonly [name: string]: () => Promise<unknown> } = {
  ready: () => router.ready(),
  read: () => router.read('SELECT 1'),
  write: () => router.write('CREATE TABLE IF NOT EXISTS job (id int)'),
  transaction: () => router.transaction((tx) => tx.query('SELECT 1')),
  'read-only transaction': () => router.transaction((tx) => tx.query('SELECT 1'), { readOnly: true }),
  batch: () => router.batch([{ text: 'SELECT 1' }]),
  connect: async () => (await router.primary.connect()).release(),
  'connect for a read': async () => (await router.replica.connect()).release(),
  'pool.query': () => router.pool.query('SELECT 1'),
  'pool.query with a callback': () =>
    new Promise<void>((resolve, reject) => {
      void router.pool.query('SELECT 1', (error: unknown) => (error ? reject(error) : resolve()));
    }),
  locatePrimary: () => router.gate.locatePrimary({ signal: new AbortController().signal }),
};

// Reached only if something else keeps the process alive.
const aliveMs = Number(process.env['ALIVE_MS'] ?? 0);
if (aliveMs > 0) setTimeout(() => process.exit(7), aliveMs).unref();

const [name = ''] = process.argv.slice(2);
await jobs[name]?.();
console.log('done');
