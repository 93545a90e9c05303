import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../pipeline/rollout-order.mjs', import.meta.url));
const server = (where: string, role = 'standby'): object => ({ type: 'server', where, role });
const THREE = [server('us-east-1/0'), server('eu-west-1/0', 'writer'), server('ap-southeast-1/0')];

const order = (records: readonly object[]): { readonly status: number | null; readonly said: string } => {
  const input = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], { input, encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

describe('the order of a rollout', () => {
  it('begins with the region of the primary, whichever the configuration names first', () => {
    const records = [...THREE, server('us-east-1/1'), { type: 'process', where: 'us-east-1', state: 'ready' }];
    expect(order([...records, { type: 'result', exit: 0, summary: '' }])).toEqual({
      status: 0,
      said: 'first=eu-west-1\nsecond=us-east-1\nthird=ap-southeast-1\nall=eu-west-1 us-east-1 ap-southeast-1\n',
    });
  });

  it.each<[string, readonly object[], string]>([
    ['no server takes writes', THREE.map((one) => ({ ...one, role: 'unknown' })), '0 servers take writes'],
    ['two take writes', [...THREE, server('us-east-1/1', 'writer')], '2 servers take writes (eu-west-1, us-east-1)'],
    ['there are two regions', THREE.slice(0, 2), '3 jobs for regions, and 2 regions'],
    ['there are four regions', [...THREE, server('us-west-2/0')], '3 jobs for regions, and 4 regions'],
    ['nothing was said', [], '0 servers take writes'],
    ['a name is a line of its own', [...THREE.slice(1), server('a\nall=b/0')], 'other characters'],
  ])('is refused if %s', (_, records, said) => {
    const { status, said: all } = order(records);
    expect(status).toBe(1);
    expect(all).toContain('No rollout was started');
    expect(all).toContain(said);
  });
});
