import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const reporter = resolve('tools/closing-line.ts');
const directory = mkdtempSync(join(tmpdir(), 'closing-line-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs these test files with vitest, in a process of its own, and returns what it prints. */
function run(files: Readonly<Record<string, string>>): { readonly lines: string[]; readonly status: number | null } {
  const root = mkdtempSync(join(directory, 'run-'));
  mkdirSync(join(root, 'test'));
  writeFileSync(join(root, 'vitest.config.mjs'), 'export default { test: { globals: true } };');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'test', name), text);
  const { stdout, status } = spawnSync(process.execPath, [vitest, 'run', '--root', root, '--reporter', reporter], {
    encoding: 'utf8',
    cwd: root,
  });
  return { lines: stdout.trimEnd().split('\n'), status };
}

test('the names of what failed stand directly before the counts, so that the end of a log tells them', () => {
  const { lines, status } = run({
    // The one that is left out is counted: it is a test of the run that is looked at, and not one of ours.
    'a.test.js':
      "test('good', () => {}); test.skip('left out', () => {}); test('bad', () => { throw new Error('why\\nand where') });",
    'b.test.js': "throw new Error('not imported');",
    'c.test.js': "describe('s', () => { beforeAll(() => { throw new Error('no server') }); test('t', () => {}); });",
    'd.test.js': "test('leaves one', () => { Promise.reject(new Error('not awaited')); });",
  });
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('2 passed, 4 failed, 2 skipped');
  const failed = lines.slice(
    lines.findIndex((line) => line.startsWith('FAILED')),
    -2,
  );
  expect(failed.filter((line) => line.startsWith('FAILED')).toSorted()).toEqual([
    'FAILED outside a test',
    'FAILED test/a.test.js > bad',
    'FAILED test/b.test.js',
    'FAILED test/c.test.js > s',
  ]);
  expect(failed).toEqual(
    expect.arrayContaining(['  why', '  and where', '  not imported', '  no server', '  not awaited']),
  );
});

test('a message of thousands of lines is cut', () => {
  const { lines } = run({
    'a.test.js': "test('long', () => { throw new Error(Array(5000).fill('line').join('\\n')) });",
  });
  expect(lines.slice(-11).filter((line) => line === '  line')).toHaveLength(8);
  expect(lines.filter((line) => line === '  line')).toHaveLength(8);
});

test('all passed: nothing but the counts', () => {
  const { lines, status } = run({ 'a.test.js': "test('good', () => {});" });
  expect(status).toBe(0);
  expect(lines.join('\n').trim()).toBe('1 passed, 0 failed, 0 skipped');
});
