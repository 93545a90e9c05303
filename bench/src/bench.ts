import { mkdirSync, writeFileSync } from 'node:fs';
import type { Group } from './group.ts';
import { machine, markdown, plot } from './report.ts';

const GROUPS: Readonly<Record<string, () => Promise<{ readonly group: Group }>>> = {
  affinity: () => import('./groups/affinity.ts'),
  forward: () => import('./groups/forward.ts'),
  promotion: () => import('./groups/promotion.ts'),
  router: () => import('./groups/router.ts'),
  session: () => import('./groups/session.ts'),
};

const out = new URL('../results/', import.meta.url);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in GROUPS));
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}\n`);
  process.exit(1);
}

mkdirSync(out, { recursive: true });
let missed = 0;
for (const name of asked.length > 0 ? asked : Object.keys(GROUPS)) {
  const { group } = await (GROUPS[name] as () => Promise<{ readonly group: Group }>)();
  process.stderr.write(`\n${group.name}\n`);
  const results = await group.run((line) => process.stderr.write(`   ${line}\n`)).catch((error: unknown) => {
    // Said at once: what is torn down behind a failure may fail too, and louder.
    console.error(error);
    process.exit(1);
  });
  const command = `npx -y pnpm@10 bench ${name}`;
  writeFileSync(
    new URL(`${name}.json`, out),
    `${JSON.stringify({ command, machine: machine(), results }, undefined, 1)}\n`,
  );
  writeFileSync(new URL(`${name}.svg`, out), plot(group.name, results));
  const page = markdown(group.name, results, command);
  writeFileSync(new URL(`${name}.md`, out), page);
  process.stdout.write(`${page}\n`);
  missed += results.flatMap(({ bars }) => bars).filter(({ reached }) => !reached).length;
}
// A bar that is missed is a finding to report, not a failed run: these machines are shared and noisy.
process.stderr.write(missed === 0 ? '\nevery bar was reached\n' : `\n${missed} bars were missed\n`);
