import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab } from '@regionkit/lab';
import { type Ran, run } from '../run.ts';
import { MAKE_TAIL_SLOT } from '../tail-slot.ts';
import { mustFit } from './schema.ts';

export type Name = 'us' | 'eu';

/** Two regions whose first primary keeps its tail in a slot, as the tail keeper does. */
export interface Setup extends AsyncDisposable {
  readonly lab: Lab<Name>;
  readonly directory: string;
  /** Makes the slot. What is committed before is not lost. */
  keepTail(): Promise<string>;
  /** The old primary goes on alone until `tail` is done, then it dies, `eu` is promoted, and it returns. */
  fork(tail: () => Promise<void>): Promise<string>;
  ops(...args: string[]): Promise<Ran>;
  /** Salvages into a new directory. */
  salvage(...args: string[]): Promise<Salvaged>;
}

export interface Salvaged {
  readonly ran: Ran;
  readonly out: string;
  /** Of `lost-writes.ndjson`. */
  readonly lines: readonly Line[];
  // biome-ignore lint/suspicious/noExplicitAny: a file is read as it is.
  readonly summary: any;
  readonly review: string;
  readonly report: string;
}

export interface Line {
  readonly type: string;
  readonly table?: { readonly schema: string; readonly name: string };
  readonly operation?: string;
  readonly keyChange?: string;
  readonly class?: string;
  readonly why?: string;
  readonly key?: Readonly<Record<string, string | null>>;
  readonly after?: Readonly<Record<string, string | null>>;
  readonly now?: Readonly<Record<string, string | null>>;
  readonly xid?: string;
  readonly changes?: number;
}

export async function createSetup(settings: Readonly<Record<string, string | number>> = {}): Promise<Setup> {
  const lab = await createLab({
    regions: ['us', 'eu'],
    settings: { wal_level: 'logical', max_prepared_transactions: 5, ...settings },
  });
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-salvage-'));
  const [us, eu] = [lab.region('us'), lab.region('eu')];
  let outs = 0;
  const regions = Object.fromEntries(
    lab.regions.map(({ name, adminConnectionString }) => [name, { databases: [adminConnectionString] }]),
  );
  await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
  const ops = (...args: string[]): Promise<Ran> => run([...args, '--json'], { directory });
  return {
    lab,
    directory,
    ops,
    async keepTail() {
      await lab.caughtUp();
      const [row] = await us.query<{ name: string }>(MAKE_TAIL_SLOT);
      await lab.caughtUp();
      return row?.name ?? '';
    },
    async fork(tail) {
      await us.partition();
      await tail();
      await us.kill();
      const { fork } = await lab.failover({ to: 'eu' });
      await us.heal();
      await us.returnAsIs();
      await eu.query('SELECT 1');
      return fork;
    },
    async salvage(...args) {
      outs += 1;
      const out = join(directory, `lost-${outs}`);
      const usual = { '--old': 'us', '--new': 'eu', '--out': out };
      const given = Object.entries(usual).filter(([name]) => !args.includes(name));
      const ran = await ops('salvage', ...given.flat(), ...args);
      const read = (name: string): Promise<string> => readFile(join(out, name), 'utf8').catch(() => '');
      const list = await read('lost-writes.ndjson');
      const lines = list.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
      const summary = JSON.parse((await read('summary.json')) || 'null');
      mustFit('lost-write', ...lines);
      if (summary !== null) mustFit('salvage-summary', summary);
      for (const line of (await read('lost-keys.ndjson')).split('\n')) {
        if (line !== '') mustFit('lost-key', JSON.parse(line));
      }
      return {
        ran,
        out,
        lines,
        summary,
        review: await read('review.sql'),
        report: await read('report.md'),
      };
    },
    async [Symbol.asyncDispose]() {
      await lab.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
