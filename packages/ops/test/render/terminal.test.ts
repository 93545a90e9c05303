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

  it('has colours and progress for a person alone', () => {
    const progress: OpsRecord = { type: 'progress', text: 'asking 3 servers' };
    expect(terminal({ interactive: true, columns: 80 }).add(FINDING)).toContain('\u001b[31mfault');
    expect(terminal({ interactive: true, columns: 80 }).add(progress)).toBe('        asking 3 servers\n');
    expect(terminal({ interactive: false, columns: 80 }).add(progress)).toBe('');
  });
});
