import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/exit-codes.ts';
import { parseJournal } from '../../src/gameday/journal/parse-journal.ts';
import { trendsOf } from '../../src/gameday/trend.ts';
import type { DrillEnd, DrillStart, OpsRecord } from '../../src/records/record.ts';
import { run } from '../run.ts';

const start = (changes: Partial<DrillStart> = {}): DrillStart => ({
  type: 'drill',
  id: '20261130-044510-3f2a',
  scenario: 'region-loss',
  summary: 'A region is lost.',
  mode: 'local',
  seed: '7',
  atMs: 1_796_000_000_000,
  objectiveMs: 300_000,
  rpoMs: 5_000,
  ...changes,
});
const end = (changes: Partial<DrillEnd> = {}): DrillEnd => ({
  type: 'measured',
  drill: '20261130-044510-3f2a',
  scenario: 'region-loss',
  verdict: 'passed',
  why: [],
  readMs: 100,
  writeMs: 61_000,
  goodMs: 62_000,
  objectiveMs: 300_000,
  rpoMs: 5_000,
  reads: 100,
  writes: 50,
  acknowledged: 40,
  failedReads: 0,
  refusedWrites: 10,
  unknownWrites: 0,
  wrongReads: 0,
  lostWrites: 0,
  lossMs: 0,
  atMs: 1_796_000_100_000,
  ...changes,
});
const STEP: OpsRecord = { type: 'step', name: 'inject', where: 'us', state: 'done', evidence: 'killed', tookMs: 5 };
const PHASE: OpsRecord = { type: 'phase', drill: 'a', name: 'detect', sinceMs: 5, tookMs: 5 };
const RESULT: OpsRecord = { type: 'result', exit: 0, summary: 'passed.' };
const text = (...records: readonly OpsRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

function directory(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'regionkit-journal-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(made, name), content);
  return made;
}

describe('parseJournal()', () => {
  const WHOLE = text(start(), STEP, PHASE, end(), RESULT);

  it('reads what a drill has written', () => {
    const parsed = parseJournal(WHOLE);
    expect(parsed?.records).toEqual([start(), STEP, PHASE, end(), RESULT]);
    expect([parsed?.start, parsed?.end]).toEqual([start(), end()]);
  });

  it('cut at any byte, it has every whole line, and no end where that line was cut', () => {
    const firstLine = text(start()).length;
    for (let length = firstLine; length < WHOLE.length; length += 1) {
      const parsed = parseJournal(WHOLE.slice(0, length));
      expect(parsed?.records.length).toBe(WHOLE.slice(0, length).split('\n').length - 1);
      expect(parsed?.end === undefined).toBe(length < text(start(), STEP, PHASE, end()).length);
    }
    for (const length of [0, 1, firstLine - 1]) expect(parseJournal(WHOLE.slice(0, length))).toBeUndefined();
  });

  it.each([
    ['a line that is no JSON', `${text(start())}x\n`],
    ['a record of another kind', `${text(start())}{"type":"__proto__"}\n`],
    ['a number that is a text', `${text(start())}${JSON.stringify({ ...end(), goodMs: '5' })}\n`],
    ['another verdict', `${text(start())}${JSON.stringify({ ...end(), verdict: 'fine' })}\n`],
    ['a beginning without a drill', text(end())],
  ])('is none with %s', (_what, content) => {
    expect(parseJournal(content)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (content) => void parseJournal(`${content}\n`)));
  });
});

describe('trendsOf()', () => {
  const journal = (changes: Partial<DrillStart>, ended: Partial<DrillEnd> | undefined) => ({
    records: [],
    start: start(changes),
    end: ended === undefined ? undefined : end(ended),
  });

  it('has the drills of each scenario in the order of time, and leaves out what did not end', () => {
    const trends = trendsOf([
      journal({ atMs: 3_000, id: 'c' }, { goodMs: 300_000 }),
      journal({ atMs: 1_000, id: 'a' }, { goodMs: 3_600_000, verdict: 'missed' }),
      journal({ atMs: 2_000, scenario: 'freeze' }, {}),
      journal({ atMs: 4_000 }, undefined),
    ]);
    expect(
      trends.map(({ scenario, drills }) => [scenario, drills.map(({ drill, goodMs }) => [drill, goodMs])]),
    ).toEqual([
      [
        'region-loss',
        [
          ['a', 3_600_000],
          ['c', 300_000],
        ],
      ],
      ['freeze', [['20261130-044510-3f2a', 62_000]]],
    ]);
  });
});

describe('regionkit gameday report', () => {
  it('prints a journal, and ends as the drill did', async () => {
    const made = directory({
      'a.ndjson': text(start(), STEP, PHASE, end({ verdict: 'missed', why: ['Late.'] }), RESULT),
    });
    const { exit, stdout } = await run(['gameday', 'report', 'a.ndjson'], { directory: made });
    expect(exit).toBe(EXIT.objective);
    expect(stdout).toMatch(/^drill {3}region-loss {2}seed 7, objective 300 s/);
    expect(stdout).toMatch(/\ndone {4}inject {2}us {2}killed {2}\(5 ms\)\n/);
    expect(stdout).toMatch(/\nmissed {2}region-loss {2}good again after 62 s .*\n {8}Late\.\n/);
  });

  it('says how many requests were not sent, apart from those that the app has refused', async () => {
    const made = directory({ 'a.ndjson': text(start(), end({ unsent: 236 }), RESULT) });
    const { stdout } = await run(['gameday', 'report', 'a.ndjson'], { directory: made });
    expect(stdout).toMatch(/50 writes: 40 acknowledged, 10 refused, 0 unknown\./);
    expect(stdout).toMatch(
      /\n {8}236 more requests were due and not sent: too many of their place had no answer yet\.\n/,
    );
  });

  it('takes the last journal of the directory, and is not well where that one has no end', async () => {
    const made = directory({});
    await run(['gameday', 'report'], { directory: made }).then(({ exit, stderr }) => {
      expect(exit).toBe(EXIT.usage);
      expect(stderr).toMatch(/there is no journal/);
    });
    const { exit, stdout } = await run(['gameday', 'report', '--out', '.', '--json'], {
      directory: directory({ '1.ndjson': text(start(), end()), '2.ndjson': text(start({ scenario: 'freeze' }), STEP) }),
    });
    expect(exit).toBe(EXIT.unknown);
    expect(stdout).toContain('freeze did not come to its end.');
  });

  it.each([
    ['x\n', /not a journal of gameday, or is damaged/],
    [undefined, /cannot be read \(ENOENT\)/],
  ])('refuses %j', async (content, message) => {
    const made = directory(content === undefined ? {} : { 'a.ndjson': content });
    const { exit, stderr } = await run(['gameday', 'report', 'a.ndjson'], { directory: made });
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toMatch(message);
  });

  it('writes a drill as a test case, with the time until all was good', async () => {
    const made = directory({ 'a.ndjson': text(start(), end({ verdict: 'failed', why: ['A <read> was wrong.'] })) });
    const { exit } = await run(['gameday', 'report', 'a.ndjson', '--junit', 'b.xml'], { directory: made });
    expect(exit).toBe(EXIT.fault);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(join(made, 'b.xml'), 'utf8')).toMatch(
      /failures="1" errors="0">\n {4}<testcase name="region-loss" classname="gameday" time="62.000"><failure message="A &lt;read&gt; was wrong\.">/,
    );
  });

  it('lets no journal move the cursor of a terminal', async () => {
    const made = directory({ 'a.ndjson': text(start({ scenario: '\u001b[2J' }), end({ scenario: '\u001b[2J' })) });
    for (const verb of [
      ['report', 'a.ndjson'],
      ['trend', '--out', '.'],
    ]) {
      const { stdout } = await run(['gameday', ...verb], { directory: made });
      expect(stdout).not.toContain('\u001b');
    }
  });
});

describe('regionkit gameday trend', () => {
  it('shows the drills of each scenario, each line within the screen', async () => {
    const made = directory({
      '1.ndjson': text(start(), end({ verdict: 'missed', goodMs: 3_600_000 }), RESULT),
      '2.ndjson': text(start({ atMs: 1_796_100_000_000 }), end(), RESULT),
    });
    const { exit, stdout } = await run(['gameday', 'trend', '--out', '.'], { directory: made });
    expect(exit).toBe(EXIT.ok);
    expect(stdout).toBe(
      [
        'trend   region-loss  2 drills',
        '        2026-11-30 00:53  missed   writes   61 s  good 3600 s of 300 s  lost 0 ms',
        '        2026-12-01 04:40  passed   writes   61 s  good   62 s of 300 s  lost 0 ms',
        '2 drills of 1 scenario.',
        '',
      ].join('\n'),
    );
    const narrow = await run(['gameday', 'trend', '--out', '.'], { directory: made, columns: 40 });
    expect(
      narrow.stdout
        .split('\n')
        .slice(0, 3)
        .every((line) => line.length <= 40),
    ).toBe(true);
  });

  it('says how many journals it could not use', async () => {
    const made = directory({ '1.ndjson': text(start(), end()), '2.ndjson': 'x\n', '3.ndjson': text(start()) });
    const { exit, stdout } = await run(['gameday', 'trend', '--out', '.'], { directory: made });
    expect(exit).toBe(EXIT.unknown);
    expect(stdout).toMatch(/1 drill of 1 scenario\. Not used, because damaged or without an end: 2 journals\./);
  });
});

describe('regionkit gameday', () => {
  it.each([
    [['gameday'], /write one of run, report, trend after gameday/],
    [['gameday', 'play'], /write one of run, report, trend/],
    [['gameday', 'trend', 'x'], /write one of/],
    [['gameday', 'run', '--local', '--scenario', 'flood'], /--scenario must be of region-loss, isolation, /],
    [['gameday', 'run', '--local', '--objective', 'soon'], /--objective must be a duration/],
    [['gameday', 'run', '--local', '--seed', '../x'], /--seed must be/],
  ])('refuses %j with a clear line', async (args, message) => {
    const { exit, stderr, stdout } = await run(args, { directory: directory({}) });
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('lists the scenarios, each with a sentence', async () => {
    const { records, exit } = await run(['gameday', 'run', '--list', '--json']);
    const listed = records.flatMap((record) => (record.type === 'step' ? [[record.name, record.evidence]] : []));
    expect(listed.map(([name]) => name)).toContain('double-fault');
    expect(listed.filter(([, sentence]) => !/^[A-Z][^.]+\.$/.test(String(sentence)))).toEqual([]);
    expect(exit).toBe(EXIT.ok);
  });
});
