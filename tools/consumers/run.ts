import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAlone } from './checks/alone.ts';
import { checkCommandLine } from './checks/command-line.ts';
import { checkCompilers } from './checks/compilers.ts';
import { checkEntryPoints } from './checks/entry-points.ts';
import { checkFrameworks } from './checks/frameworks.ts';
import { checkJest, JEST } from './checks/jest.ts';
import { checkLambda } from './checks/lambda.ts';
import { checkNest, NEST_PEERS } from './checks/nest.ts';
import { checkNext } from './checks/next.ts';
import { checkNodeTest } from './checks/node-test.ts';
import { checkOnePackage } from './checks/one-package.ts';
import { checkOrms } from './checks/orms.ts';
import { checkOtherVersions } from './checks/other-versions.ts';
import { install, packAll, pinned } from './packed.ts';

/**
 * Installs the packages as they will be published into folders of their own, and uses them as apps do: `import` and
 * `require`, TypeScript 5.9, 6.0 and 7.0 under each module resolution, an app of each framework, Jest, `node --test`,
 * the command line, the one package, Nest, ORMs, Lambda, Next, other versions of optional peers, and each package alone.
 * Run after `build`.
 */
const folder = mkdtempSync(join(tmpdir(), 'regionkit-consumers-'));
// When we are root, the lab's PostgreSQL runs as another user: it must be let in.
chmodSync(folder, 0o755);
try {
  const packages = packAll(folder);
  const all = join(folder, 'all');
  install(all, {
    ...Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball])),
    ...Object.fromEntries(
      [
        'express',
        'express-4',
        'koa',
        'fastify',
        'hono',
        '@hono/node-server',
        'pg',
        '@types/express',
        '@types/koa',
        '@types/pg',
        '@types/node',
        'kysely',
        'pg-mem',
        'vitest',
        '@opentelemetry/api',
        '@aws-sdk/client-secrets-manager',
        '@aws-sdk/client-ssm',
        'typescript',
        'typescript-5',
        'typescript-7',
      ].map((name) => [name, pinned(name)]),
    ),
    '@types/express-4': 'npm:@types/express@4.17.25',
    // What `regionkit/nest` is loaded with; its apps have folders of their own.
    ...NEST_PEERS,
    ...JEST,
  });
  checkEntryPoints(
    all,
    packages.flatMap(({ entries }) => entries),
  );
  checkCommandLine(all);
  checkCompilers(all);
  checkFrameworks(all);
  checkJest(all);
  checkNodeTest(all);
  checkOnePackage(folder, packages, all);
  checkNest(folder, packages, all);
  checkOrms(folder, packages, all);
  checkLambda(folder, packages, all);
  checkNext(folder, packages, all);
  checkOtherVersions(folder, packages);
  checkAlone(folder, packages, join(all, 'node_modules/typescript/bin/tsc'));
} catch (error) {
  const { stdout, message } = error as Error & { stdout?: string };
  process.stderr.write(`consumers: ${stdout || message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
