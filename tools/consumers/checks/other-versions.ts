import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, type PackedPackage, pinned, run, tell } from '../packed.ts';

/** Older and newer versions of optional peers than our tests use, as an app may have them. */
const APPS: readonly Readonly<Record<string, string>>[] = [
  { kysely: '0.27.6', vitest: '2.1.9', hono: '3.12.12', '@opentelemetry/api': '1.4.1' },
  { kysely: '0.29.9', vitest: '3.2.4' },
];

/** A select runs on the replica, and an insert on the primary. */
const SCRIPT = `
import { strictEqual } from 'node:assert';
import { regionDialect } from '@regionkit/db-router/kysely';
import { createLab } from '@regionkit/lab';
import { Kysely } from 'kysely';

const asked = [];
const poolOf = (name) => {
  const query = async () => (asked.push(name), { command: 'SELECT', rowCount: 0, rows: [] });
  return { query, connect: async () => ({ query, release: () => {} }), end: async () => {} };
};
const db = new Kysely({ dialect: regionDialect({ router: { primary: poolOf('primary'), replica: poolOf('replica') } }) });
await db.selectFrom('orders').selectAll().execute();
await db.insertInto('orders').values({ name: 'tea' }).execute();
await db.transaction().execute((tx) => tx.selectFrom('orders').selectAll().execute());
strictEqual(asked.join(), 'replica,primary,primary,primary,primary');
strictEqual(typeof createLab, 'function');
`;

/** An app that has other versions of the libraries for which the packages have an entry point: npm installs ours beside them. */
export function checkOtherVersions(folder: string, packages: readonly PackedPackage[]): void {
  for (const [at, versions] of APPS.entries()) {
    const app = join(folder, `other-versions-${at}`);
    const ours = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
    install(app, { ...versions, pg: pinned('pg'), ...ours });
    writeFileSync(join(app, 'script.mjs'), SCRIPT);
    run(process.execPath, ['script.mjs'], app);
    const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    tell(`beside ${list.join(', ')}: installed, and Kysely's dialect works`);
  }
}
