import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Installs the packages as they will be published into a folder of their own, and uses them as apps do: `import`,
 * `require`, and TypeScript 5.9, 6.0 and 7.0 under each module resolution. Run after `build`.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const packages = readdirSync(join(root, 'packages'));
const folder = mkdtempSync(join(tmpdir(), 'regionkit-consumers-'));
const run = (command: string, args: readonly string[], cwd = folder): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
/** The pnpm that runs this script. */
const PNPM = process.env['npm_execpath'] ?? '';
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

try {
  const manifests = packages.map(
    (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
  );
  for (const name of packages)
    run(process.execPath, [PNPM, 'pack', '--pack-destination', folder], join(root, 'packages', name));
  const workspace = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const pinned = (name: string): string => {
    const pin = workspace.devDependencies[name] ?? '*';
    return pin === 'catalog:'
      ? (new RegExp(`^  '?${name}'?: (.+)$`, 'm').exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))?.[1] ??
          '*')
      : pin;
  };
  const needed = [
    'express',
    '@types/express',
    'pg',
    '@types/pg',
    '@types/node',
    '@opentelemetry/api',
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/client-ssm',
    'typescript',
    'typescript-5',
    'typescript-7',
  ];
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies: {
        ...Object.fromEntries(
          manifests.map(({ name, version }) => [name, `file:${name.slice(1).replace('/', '-')}-${version}.tgz`]),
        ),
        ...Object.fromEntries(needed.map((name) => [name, pinned(name)])),
      },
    }),
  );
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  const entries = manifests.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((key) => key !== './package.json')
      .map((key) => name + key.slice(1)),
  );

  writeFileSync(
    join(folder, 'esm.mjs'),
    entries
      .map((entry) => `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} is empty');`)
      .join('\n'),
  );
  run(process.execPath, ['esm.mjs']);
  tell(`import: ${entries.length} entry points`);

  writeFileSync(
    join(folder, 'cjs.cjs'),
    [
      ...entries.map(
        (entry) => `if (Object.keys(require('${entry}')).length === 0) throw new Error('${entry} is empty');`,
      ),
      `import('@regionkit/core').then(({ RegionKitError }) => { if (RegionKitError !== require('@regionkit/core').RegionKitError) throw new Error('two copies'); });`,
    ].join('\n'),
  );
  run(process.execPath, ['cjs.cjs']);
  tell(`require: the same ${entries.length}, one copy each`);

  mkdirSync(join(folder, 'src'));
  for (const file of ['app.ts', 'must-not-compile.ts'])
    cpSync(join(root, 'tools/consumers', file), join(folder, 'src', file));
  for (const [compiler, version] of [
    ['typescript-5', '5.9'],
    ['typescript', '6.0'],
    ['typescript-7', '7.0'],
  ] as const) {
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['node20', 'node16'],
      ['esnext', 'bundler'],
    ] as const) {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
      run(process.execPath, [join('node_modules', compiler, 'bin/tsc'), '-p', '.']);
      tell(`TypeScript ${version}: ${moduleResolution}, ${module}`);
    }
  }
} catch (error) {
  const { stdout, message } = error as Error & { stdout?: string };
  process.stderr.write(`consumers: ${stdout || message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
