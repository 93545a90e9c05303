import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLab } from '@regionkit/lab';
import type { Group } from '../group.ts';
import { judge } from '../trial.ts';

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
const ROUNDS = 7;
const BOUND_MS = 1_000;
const NAME = 'three regions, without round trips';

/** How long does a person wait for `regionkit doctor`, from the start of the command to its end? */
export const group: Group = {
  name: 'doctor',
  run: async (tell) => {
    await using lab = await createLab({ regions: REGIONS, onProgress: () => {} });
    const directory = await mkdtemp(join(tmpdir(), 'regionkit-bench-doctor-'));
    try {
      const regions = lab.regions.map(({ name, connectionString }) => [name, { databases: [connectionString] }]);
      await writeFile(
        join(directory, 'regionkit.config.json'),
        JSON.stringify({ regions: Object.fromEntries(regions) }),
      );
      const samples: { readonly ms: number }[] = [];
      for (let at = 1; at <= ROUNDS; at += 1) {
        const ms = await examine(directory);
        tell(`round ${at} of ${ROUNDS}: ${ms.toFixed(0)} ms`);
        samples.push({ ms });
      }
      const bars = [{ contender: NAME, metric: 'ms', atMost: BOUND_MS }];
      const notes = ['The whole command with the start of Node, on real servers of this machine.'];
      return [
        judge({ title: 'regionkit doctor', baseline: NAME, metrics: ['ms'], bars, notes }, new Map([[NAME, samples]])),
      ];
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};

async function examine(cwd: string): Promise<number> {
  const cli = fileURLToPath(new URL('dist/cli.js', import.meta.resolve('@regionkit/ops/package.json')));
  const began = performance.now();
  const child = spawn(process.execPath, [cli, 'doctor', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  const ms = performance.now() - began;
  if (!printed.includes('checks of 3 servers') || printed.includes('"unreachable"')) {
    throw new Error(`doctor has not examined three servers: ${printed}`);
  }
  return ms;
}
