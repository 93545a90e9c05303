import { describe, expect, it } from 'vitest';
import type { OpsRecord } from '../../src/records/record.ts';
import { terminal } from '../../src/render/terminal.ts';

const FINDING: OpsRecord = {
  type: 'finding',
  id: 'replay-paused',
  level: 'fault',
  where: 'eu-west-1/0',
  evidence: 'Replay is paused on eu-west-1/0.',
  fix: 'Run SELECT pg_wal_replay_resume() on it.',
};

describe('the terminal', () => {
  it('shows a finding with its evidence and its fix', () => {
    expect(terminal({ interactive: false, columns: 80 }).add(FINDING)).toBe(
      'fault   replay-paused  eu-west-1/0\n        Replay is paused on eu-west-1/0.\n        Fix: Run SELECT pg_wal_replay_resume() on it.\n',
    );
  });

  it('shows a finding on one line where it is narrow', () => {
    expect(terminal({ interactive: false, columns: 50 }).add(FINDING)).toBe(
      'fault   replay-paused  eu-west-1/0  Replay is pau…\n',
    );
    expect(terminal({ interactive: false, columns: 59 }).add(FINDING).trimEnd()).toHaveLength(59);
    expect(terminal({ interactive: false, columns: 10 }).add(FINDING).trimEnd().length).toBeLessThanOrEqual(20);
  });

  for (const columns of [1, 7, 8, 9, 59]) {
    it(`shows each record on one line of a terminal with ${columns} columns`, () => {
      const text = terminal({ interactive: false, columns }).add({
        type: 'finding',
        level: 'fault',
        id: 'two-writers',
        where: 'fleet',
        evidence: 'us/0 and eu/0 take writes.',
        fix: 'Stop one.',
      });
      expect(text.split('\n')).toHaveLength(2);
      expect(text.trimEnd().length).toBeLessThanOrEqual(Math.max(columns, 16));
    });
  }

  it('lets no control character of a journal through', () => {
    const hostile = 'a\u001b]0;x\u0007b';
    const show = terminal({ interactive: false, columns: 80 });
    const step: OpsRecord = { type: 'step', name: hostile, where: 'eu', state: 'done', evidence: 'e' } as OpsRecord;
    for (const text of [show.add({ ...FINDING, id: hostile } as OpsRecord), show.add(step)]) {
      expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    }
  });

  it('has colours and progress for a person alone', () => {
    const progress: OpsRecord = { type: 'progress', text: 'asking 3 servers' };
    expect(terminal({ interactive: true, columns: 80 }).add(FINDING)).toContain('\u001b[31mfault');
    expect(terminal({ interactive: true, columns: 80 }).add(progress)).toBe('        asking 3 servers\n');
    expect(terminal({ interactive: false, columns: 80 }).add(progress)).toBe('');
  });
});
