import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OperationsConfig } from '../../src/config/config.ts';
import { EXIT } from '../../src/exit-codes.ts';
import type { Sample } from '../../src/gameday/measure/sample.ts';
import { findRows } from '../../src/gameday/remote/find-rows.ts';
import { firstSign } from '../../src/gameday/remote/first-sign.ts';
import { run } from '../run.ts';

const write = (id: string, outcome: Sample['outcome']): Sample => ({
  place: 'us',
  kind: 'write',
  dueAtMs: 0,
  endedAtMs: 1,
  outcome,
  id,
});
const signal = new AbortController().signal;

describe('findRows()', () => {
  it('asks again for an acknowledged row that a replica does not show yet, and once for the others', async () => {
    const asked = new Map<string, number>();
    const find = async (id: string): Promise<boolean> => {
      asked.set(id, (asked.get(id) ?? 0) + 1);
      return id === 'late' ? (asked.get(id) ?? 0) >= 3 : id === 'there';
    };
    const samples = [
      write('there', 'ok'),
      write('late', 'ok'),
      write('refused', 'refused'),
      write('unknown', 'unknown'),
    ];
    const rows = await findRows(samples, find, 60_000, signal);
    expect([...(rows ?? [])].sort()).toEqual([
      ['late', 1],
      ['there', 1],
    ]);
    expect(Object.fromEntries(asked)).toEqual({ there: 1, late: 3, refused: 1, unknown: 1 });
  });

  it('leaves out a row that is never shown: it is lost', async () => {
    expect(await findRows([write('lost', 'ok')], async () => false, 0, signal)).toEqual(new Map());
  });

  it('knows nothing if the app does not answer for one of them', async () => {
    const find = async (id: string): Promise<boolean | undefined> => (id === 'silent' ? undefined : true);
    expect(await findRows([write('there', 'ok'), write('silent', 'ok')], find, 0, signal)).toBeUndefined();
  });
});

describe('firstSign()', () => {
  it.each<[Sample['outcome'], string]>([
    ['refused', 'a write from us was refused'],
    ['unsent', 'a write from us was not sent: too many had no answer'],
  ])('says that a request was %s', (outcome, says) => {
    expect(firstSign([write('a', 'ok'), write('b', outcome)], [], 0)).toEqual({ says, atMs: 0 });
  });
});

describe('regionkit gameday run without --local', () => {
  const CONFIG: OperationsConfig = {
    regions: { us: { origin: 'http://127.0.0.1:1' }, eu: { origin: 'http://127.0.0.1:1' } },
  };

  it.each<[readonly string[], RegExp, OperationsConfig?]>([
    [[], /--path must be a path of the app that writes and reads rows/],
    [['--path', 'notes'], /--path must be a path/],
    [['--path', '/n', '--serve'], /--serve and --seed are for --local/],
    [['--path', '/n', '--inject', 'chaos'], /--inject must be hooks/],
    [['--path', '/n', '--inject', 'hooks'], /--inject hooks needs gameday\.inject in the configuration/],
    [['--path', '/n', '--without', 'mars'], /--without must be one of us, eu/],
    [['--path', '/n', '--scenario', 'A b'], /--scenario must be one name for the journal/],
    [['--path', '/n'], /no client can come in/, { regions: { us: {} } }],
    [['--path', '/n'], /gameday: holdSeconds|gameday\.holdSeconds/, { ...CONFIG, gameday: { holdSeconds: 0 } }],
    [['--path', '/n'], /gameday\.end\[0\]/, { ...CONFIG, gameday: { end: [{ command: [] }] } }],
    [['--local', '--inject', 'hooks'], /--inject is for a run without --local/],
  ])('refuses %j with a clear line, and does nothing', async (args, message, config = CONFIG) => {
    const directory = mkdtempSync(join(tmpdir(), 'regionkit-remote-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify(config));
    const { exit, stdout, stderr } = await run(['gameday', 'run', ...args], { directory });
    expect(stderr).toMatch(message);
    expect([exit, stdout]).toEqual([EXIT.usage, '']);
  });

  it('needs a configuration', async () => {
    const { exit, stderr } = await run(['gameday', 'run', '--path', '/n'], { directory: tmpdir() });
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toMatch(/there is no regionkit\.config\.js here/);
  });
});
