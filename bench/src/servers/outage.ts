import { middyHandler, ownConfig, powertools, VALUE } from '../config/stores.ts';
import { serving } from '../server-process.ts';

/** Reads one value through an outage of its store, by `regionkit`, `powertools` or `middy`. */
const [, , way] = process.argv;
const CACHE_MS = 1_000;
const OUTAGE_MS = 3_000;

let down = false;
const answer = async (): Promise<string> => {
  if (down) throw Object.assign(new Error('the store is down'), { code: 'ECONNREFUSED' });
  return JSON.stringify(VALUE);
};
const read = await reader();
await read();

serving(0, async () => {
  down = true;
  const begin = performance.now();
  let reads = 0;
  let good = 0;
  while (performance.now() - begin < OUTAGE_MS) {
    reads += 1;
    await read().then(
      () => {
        good += 1;
      },
      () => {},
    );
    await new Promise((done) => setTimeout(done, 20));
  }
  return { readable: good / reads, alive: 1 };
});

async function reader(): Promise<() => Promise<unknown>> {
  if (way === 'powertools') {
    const get = powertools(answer);
    return () => get(CACHE_MS / 1_000);
  }
  if (way === 'middy') return middyHandler(answer, CACHE_MS);
  const config = await ownConfig(answer, {
    everyMs: CACHE_MS,
    retry: { backoff: { baseMs: CACHE_MS, maxMs: CACHE_MS } },
  });
  return async () => config.get('db').password;
}
