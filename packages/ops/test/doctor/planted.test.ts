import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/doctor/checks.ts';

/** Their servers are real: PostgreSQL of the lab, HTTP, TLS and DNS on sockets, the operator door of an app. */
const REAL = [
  'servers.int.test.ts',
  'roles.int.test.ts',
  'tail.int.test.ts',
  'processes.test.ts',
  'front/front.test.ts',
  'front/app.int.test.ts',
];
/** Its PostgreSQL is a program that answers over the wire with facts of the test. */
const FAKE = 'fakes.test.ts';

/** What no real servers of one machine can have. Each is planted on the fake one. */
const ONLY_FAKE: Readonly<Record<string, string>> = {
  'clock-offset': 'All servers of one machine have one clock. Over HTTP a real answer has a Date that is an hour old.',
  'postgres-versions': 'The lab has the programs of one version of PostgreSQL.',
};

/** The checks that the doctor found in a test, as in `fault two-writers fleet`. */
async function foundIn(...files: readonly string[]): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, import.meta.url), 'utf8')));
  const found = texts.flatMap((text) => [...text.matchAll(/['`](?:fault|warning|unknown|note) ([a-z-]+) [^'`]+['`]/g)]);
  return new Set(found.map(([, id]) => id as string));
}

const ids = CHECKS.map(({ id }) => id);

describe('every check of the doctor', () => {
  it('finds its fault on real servers, or it is written why it cannot', async () => {
    const planted = await foundIn(...REAL);
    expect(ids.filter((id) => !planted.has(id) && !(id in ONLY_FAKE))).toEqual([]);
  });

  it('finds its fault on a server of the wire where no real one can have it', async () => {
    const planted = await foundIn(FAKE);
    expect(Object.keys(ONLY_FAKE).filter((id) => !planted.has(id))).toEqual([]);
  });

  it('is known: the tests plant no fault that no check is for', async () => {
    const planted = await foundIn(FAKE, ...REAL);
    expect([...planted].filter((id) => !ids.includes(id))).toEqual([]);
  });
});
