import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/exit-codes.ts';
import type { ProcessStatus } from '../../src/operator/process-status.ts';
import { judge } from '../../src/status/judge.ts';
import type { ServerFacts } from '../../src/status/server-facts.ts';
import { STANDBY, WRITER } from './commands.ts';

const server = (id: string, facts: ServerFacts | undefined) => ({
  id,
  facts,
  why: facts === undefined ? 'refused' : undefined,
});
const processOf = (region: string, given: Partial<ProcessStatus> = {}): ProcessStatus => ({
  id: `${region}-1`,
  host: 'host',
  pid: 1,
  region,
  state: 'ready',
  primary: { where: 'us/0', timeline: 2 },
  highest: 2,
  pools: undefined,
  ...given,
});
const met = (...processes: readonly ProcessStatus[]) =>
  processes.map((one) => ({ region: one.region, processes: [one], why: undefined }));

const us = server('us/0', WRITER);
const eu = server('eu/0', STANDBY);

describe('the state of a fleet', () => {
  it('is well: one writer, and how far each standby is behind it', () => {
    const judged = judge({ servers: [us, eu], regions: met(processOf('us'), processOf('eu')) });
    expect(judged.servers).toEqual([
      { type: 'server', where: 'us/0', role: 'writer', timeline: 2 },
      {
        type: 'server',
        where: 'eu/0',
        role: 'standby',
        timeline: 2,
        behindBytes: 1_000,
        unreplayedBytes: 1_000,
        lagMs: 70,
      },
    ]);
    expect(judged.exit).toBe(EXIT.ok);
    expect(judged.summary).toBe(
      'us/0 takes writes on timeline 2. If it was lost now, at most 1000 bytes of WAL would be lost.',
    );
  });

  it('has no lag where everything was replayed, however long ago the last commit was', () => {
    const all = server('eu/0', { ...STANDBY, receivedBytes: 5_000, replayedBytes: 5_000, replayedAgoMs: 3_600_000 });
    expect(judge({ servers: [us, all], regions: [] }).servers[1]).toMatchObject({ behindBytes: 0, lagMs: 0 });
  });

  it('compares no positions of two histories', () => {
    for (const other of [{ timeline: 1 }, { system: '8000' }]) {
      const [, standby] = judge({ servers: [us, server('eu/0', { ...STANDBY, ...other })], regions: [] }).servers;
      expect(standby).not.toHaveProperty('behindBytes');
      expect(standby).not.toHaveProperty('lagMs');
    }
  });

  it('is well where a process has no pool for the primary, and knows its region alone', () => {
    const judged = judge({
      servers: [us, eu],
      regions: met(processOf('us'), processOf('eu', { primary: { where: 'us', timeline: 2 } })),
    });
    expect(judged.summary).not.toContain('do not agree');
    expect(judged.exit).toBe(EXIT.ok);
  });

  const cases: readonly [string, Parameters<typeof judge>[0], number, string][] = [
    [
      'two writers',
      { servers: [us, server('eu/0', WRITER)], regions: [] },
      EXIT.fault,
      '2 servers take writes: us/0, eu/0.',
    ],
    ['no writer', { servers: [eu], regions: [] }, EXIT.fault, 'No server of the configuration takes writes.'],
    [
      'a writer that may be silent',
      { servers: [eu, server('us/0', undefined)], regions: [] },
      EXIT.unknown,
      'Not known: us/0.',
    ],
    ['a silent standby', { servers: [us, server('eu/0', undefined)], regions: [] }, EXIT.unknown, 'Not known: eu/0.'],
    [
      'a silent door',
      { servers: [us, eu], regions: [{ region: 'eu', processes: [], why: 'refused' }] },
      EXIT.unknown,
      'Not known: eu.',
    ],
    [
      'an epoch that no server has',
      {
        servers: [us, eu],
        regions: met(processOf('us', { state: 'epoch-regressed', highest: 3, primary: undefined })),
      },
      EXIT.fault,
      'Epoch regressed: the processes know timeline 3, and the servers are on 2.',
    ],
    [
      'processes without a primary',
      {
        servers: [us, eu],
        regions: met(processOf('us'), processOf('eu', { state: 'unconfirmed', primary: undefined })),
      },
      EXIT.fault,
      '1 of 2 processes send no writes: unconfirmed.',
    ],
    [
      'processes that do not agree',
      {
        servers: [us, eu],
        regions: met(processOf('us'), processOf('eu', { primary: { where: 'eu/0', timeline: 2 } })),
      },
      EXIT.fault,
      'The processes do not agree on the primary: us/0 on 2; eu/0 on 2.',
    ],
    [
      'a process that knows another region as that of the primary',
      {
        servers: [us, eu],
        regions: met(processOf('us'), processOf('eu', { primary: { where: 'eu', timeline: 2 } })),
      },
      EXIT.fault,
      'The processes do not agree on the primary: us/0 on 2; eu on 2.',
    ],
    [
      'a process that knows an older timeline of the region',
      {
        servers: [us, eu],
        regions: met(processOf('us'), processOf('eu', { primary: { where: 'us', timeline: 1 } })),
      },
      EXIT.fault,
      'The processes do not agree on the primary: us/0 on 2; us on 1.',
    ],
    [
      'no standby',
      { servers: [us], regions: [] },
      EXIT.ok,
      'No standby follows it, so everything would be lost with it.',
    ],
  ];
  it.each(cases)('says so: %s', (_what, given, exit, sentence) => {
    const judged = judge(given);
    expect(judged.summary).toContain(sentence);
    expect(judged.exit).toBe(exit);
  });
});
