// The AWS SDK prints it once a process on Node 20.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type { Group } from './group.ts';
import { toJson } from './page-json.ts';
import { plot } from './plot.ts';
import { publish } from './publish.ts';
import { machine, markdown, type Page } from './report.ts';

const GROUPS: Readonly<Record<string, () => Promise<{ readonly group: Group }>>> = {
  affinity: () => import('./groups/affinity.ts'),
  bundle: () => import('./groups/bundle.ts'),
  config: () => import('./groups/config.ts'),
  doctor: () => import('./groups/doctor.ts'),
  fence: () => import('./groups/fence.ts'),
  forward: () => import('./groups/forward.ts'),
  growth: () => import('./groups/growth.ts'),
  health: () => import('./groups/health.ts'),
  promotion: () => import('./groups/promotion.ts'),
  router: () => import('./groups/router.ts'),
  session: () => import('./groups/session.ts'),
};

const out = new URL('../results/', import.meta.url);
const asked = process.argv.slice(2);
const names = asked.filter((word) => !word.startsWith('--'));
const FLAGS = ['--publish', '--strict'];
const unknown = asked.filter((word) => !(word in GROUPS) && !FLAGS.includes(word));
if (unknown.length > 0) {
  process.stderr.write(
    `bench: there is no ${unknown.join(', ')}; there are ${[...Object.keys(GROUPS), ...FLAGS].join(', ')}\n`,
  );
  process.exit(1);
}

// What waits in a group may wait on nothing but timers and sockets that keep no process alive.
const running = setInterval(() => {}, 60_000);
mkdirSync(out, { recursive: true });
let missed = 0;
// Alone, `--publish` takes what the last runs have left.
const toRun = names.length > 0 || asked.includes('--publish') ? names : Object.keys(GROUPS);
for (const name of toRun) missed += await run(name);
if (asked.includes('--publish')) publish(out, new URL('../../docs/', import.meta.url));
clearInterval(running);
if (toRun.length > 0)
  process.stderr.write(missed === 0 ? '\nevery bar was reached\n' : `\n${missed} bars were not reached\n`);
// A bar of time that is missed is a finding to report, not a failed run: these machines are shared and noisy. Bytes are not.
// Some peers leave timers and connections behind: the process has to be ended.
process.exit(asked.includes('--strict') && missed > 0 ? 1 : 0);

async function run(name: string): Promise<number> {
  const { group } = await (GROUPS[name] as () => Promise<{ readonly group: Group }>)();
  process.stderr.write(`\n${group.name}\n`);
  const loadBefore = loadavg()[0] as number;
  const began = performance.now();
  const results = await group
    .run((line) => process.stderr.write(`   ${line}\n`))
    .catch((error: unknown) => {
      // Said at once: what is torn down behind a failure may fail too, and louder.
      console.error(error);
      process.exit(1);
    });
  const page: Page = {
    name,
    about: group.name,
    command: `npx -y pnpm@10 bench ${name}`,
    machine: machine(),
    takenAt: new Date().toISOString(),
    seconds: Math.round((performance.now() - began) / 1_000),
    load: [loadBefore, loadavg()[0] as number],
    results,
  };
  writeFileSync(new URL(`${name}.json`, out), toJson(page));
  writeFileSync(new URL(`${name}.svg`, out), plot(group.name, results));
  const text = markdown(page);
  writeFileSync(new URL(`${name}.md`, out), text);
  process.stdout.write(`${text}\n`);
  return results.flatMap(({ bars }) => bars).filter(({ verdict }) => verdict !== 'reached').length;
}
