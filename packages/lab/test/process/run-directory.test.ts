import { chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identityOf } from '../../src/process/find.ts';
import { makeRunDirectory, sweep } from '../../src/process/run-directory.ts';
import { codeOf, temporaryDirectory } from '../support.ts';

const dead = { ...identityOf(process.pid), pid: 2 ** 22 + 1 };

function leftBehind(parent: string, owner: unknown, name = 'regionkit-lab-aaaaaa'): string {
  const directory = join(parent, name);
  mkdirSync(join(directory, 'us-east-1', 'data'), { recursive: true });
  if (owner !== undefined)
    writeFileSync(join(directory, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  return directory;
}

test('what the dead process of an earlier lab left is removed', async () => {
  const parent = temporaryDirectory();
  const directory = leftBehind(parent, dead);
  expect(await sweep(parent)).toBe(1);
  expect(existsSync(directory)).toBe(false);
});

test('a number that another process has by now does not protect it', async () => {
  const parent = temporaryDirectory();
  leftBehind(parent, { ...identityOf(process.pid), started: 'long ago' });
  expect(await sweep(parent)).toBe(1);
});

test('the lab of a living process is left alone', async () => {
  const parent = temporaryDirectory();
  const directory = makeRunDirectory(parent);
  expect(await sweep(parent)).toBe(0);
  expect(JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8'))).toEqual(identityOf(process.pid));
});

const strangers: [what: string, make: (parent: string) => string][] = [
  ['a directory that does not say whose it is', (parent) => leftBehind(parent, undefined)],
  ['one whose owner cannot be read', (parent) => leftBehind(parent, '{')],
  ['one whose owner is null', (parent) => leftBehind(parent, 'null')],
  ['one of another container', (parent) => leftBehind(parent, { ...dead, world: 'pid:[1]' })],
  ['one of another name', (parent) => leftBehind(parent, dead, 'regionkit-lab-a.b')],
  [
    'a link to one',
    (parent) => {
      const directory = leftBehind(parent, dead, 'elsewhere');
      symlinkSync(directory, join(parent, 'regionkit-lab-bbbbbb'));
      return directory;
    },
  ],
];
test.each(strangers)('%s is left alone', async (_, make) => {
  const parent = temporaryDirectory();
  const directory = make(parent);
  expect(await sweep(parent)).toBe(0);
  expect(existsSync(directory)).toBe(true);
});

test.runIf(process.getuid?.() === 0)('one of another user is left alone', async () => {
  const parent = temporaryDirectory();
  const directory = leftBehind(parent, dead);
  chownSync(directory, 12_345, 12_345);
  expect(await sweep(parent)).toBe(0);
  expect(existsSync(directory)).toBe(true);
});

test('a parent that is not there is one clear line', async () => {
  expect(await sweep('/nowhere/at/all')).toBe(0);
  expect(await codeOf((async () => makeRunDirectory('/nowhere/at/all'))())).toBe('ERR_LAB_DIRECTORY');
  expect(() => makeRunDirectory('/nowhere/at/all')).toThrow(
    'cannot make a directory in /nowhere/at/all (ENOENT): set TMPDIR, or the option "directory", to one that can be written',
  );
});
