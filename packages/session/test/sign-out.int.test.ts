import { loadConfig, type Source } from '@regionkit/config';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RevocationEpochs, type SignOutScope, signOut } from '../src/index.ts';
import { claims, craft, NOW, reasonOf, verifier } from './support.ts';

// The recipe of the README. Its words are checked by the compiler there; here it meets a real server.
const US = 'us-east-1';
let lab: Lab<typeof US>;
let pool: ReturnType<ReturnType<typeof lab.region>['pool']>;
beforeAll(async () => {
  lab = await createLab({ regions: [US] });
  pool = lab.region(US).pool();
  await query('create table session_epochs (epochs jsonb not null, revision bigint not null)');
  await query("insert into session_epochs values ('{}', 0)");
});
afterAll(() => lab.close());

interface Row {
  readonly epochs: RevocationEpochs;
  readonly revision: string;
}
const query = (sql: string, values: unknown[] = []) => pool.query<Row>(sql, values);
const read = async (): Promise<Row> => {
  const { rows } = await query('select epochs, revision from session_epochs');
  return rows[0] as Row;
};

async function endSessions(scope: SignOutScope): Promise<void> {
  for (;;) {
    const { epochs, revision } = await read();
    const next = signOut(epochs, scope, { nowMs: NOW * 1_000 });
    const put = 'update session_epochs set epochs = $1, revision = revision + 1 where revision = $2';
    const { rowCount } = await query(put, [JSON.stringify(next), revision]);
    if (rowCount === 1) return;
  }
}

test('of twenty sign-outs at the same time every one is kept, and every verifier that follows knows', async () => {
  const source: Source<RevocationEpochs> = {
    kind: 'session-epochs',
    regions: [],
    load: async () => {
      const { epochs, revision } = await read();
      return { value: epochs, version: revision };
    },
  };
  await using config = await loadConfig({ sources: { revocations: source } });
  const sessions = verifier({ notBefore: config.ref('revocations') as never });
  const subjects = Array.from({ length: 20 }, (_, at) => `subject-${at}`);
  const tokens = subjects.map((sub) => craft(claims({ sub, iat: NOW - 1 })));
  const verified = (): Promise<unknown[]> => Promise.all(tokens.map((token) => reasonOf(sessions.verify(token))));
  expect(new Set(await verified())).toEqual(new Set(['accepted']));

  await Promise.all(subjects.map((sub) => endSessions({ sub })));
  expect(Object.keys((await read()).epochs.sub ?? {}).toSorted()).toEqual(subjects.toSorted());
  await config.refresh('revocations');
  expect(new Set(await verified())).toEqual(new Set(['revoked']));
});
