import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/exit-codes.ts';
import type { DrillEnd, OpsRecord } from '../../src/records/record.ts';
import { type Ran, run } from '../run.ts';

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'regionkit-gameday-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

const ended = ({ records }: Ran): DrillEnd => {
  const end = records.find((record) => record.type === 'measured');
  if (end === undefined) throw new Error(`no drill has ended: ${JSON.stringify(records)}`);
  return end;
};

describe('regionkit gameday run --local', () => {
  it('region-loss: measures the phases of a failover, and keeps a journal', async () => {
    const out = await directory();
    const ran = await run(['gameday', 'run', '--local', '--scenario', 'region-loss', '--seed', 'test', '--json'], {
      directory: out,
    });
    expect(ran.stderr).toBe('');
    const end = ended(ran);
    expect(end, ran.stdout).toMatchObject({ scenario: 'region-loss', verdict: 'passed', wrongReads: 0 });
    expect(ran.exit).toBe(EXIT.ok);
    expect(end.refusedWrites + end.unknownWrites + end.failedReads).toBeGreaterThan(0);
    expect(end.goodMs).toBeGreaterThanOrEqual(end.writeMs ?? Number.NaN);
    const phases = ran.records.flatMap((record) => (record.type === 'phase' ? [record.name] : []));
    expect(phases).toEqual(['detect', 'promote', 'write', 'stable']);

    const [name = ''] = await readdir(join(out, 'gameday'));
    expect(name).toBe(`${end.drill}.ndjson`);
    const lines = (await readFile(join(out, 'gameday', name), 'utf8')).trimEnd().split('\n');
    const journal = lines.map((line) => JSON.parse(line) as OpsRecord);
    expect(journal.slice(0, -1)).toEqual(ran.records.slice(0, -1));
    expect(journal.at(-1)).toEqual({ type: 'result', exit: EXIT.ok, summary: 'region-loss: passed.' });
  });
});
