import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nextVersion } from '../tools/release/next-version.ts';
import { publishPlan, type Tarball } from '../tools/release/publish-plan.ts';
import { publishTarballs } from '../tools/release/publish-tarballs.ts';
import { settingsFor } from '../tools/release/registry.ts';
import { tarballFaults } from '../tools/release/tarball-faults.ts';
import { tenLinesOf } from '../tools/release/ten-lines.ts';

const changeset = (bump: string, name = "'@regionkit/core'"): string =>
  `---\n${name}: ${bump}\n---\n\nA major: change.\n`;

describe('nextVersion()', () => {
  it.each<[string, string[], string]>([
    ['0.0.0', ['minor', 'patch'], '0.1.0'],
    ['0.1.0', ['patch', 'patch'], '0.1.1'],
    ['0.1.1', ['minor'], '0.2.0'],
    ['0.9.0', ['patch', 'major', 'minor'], '1.0.0'],
    ['1.2.3', ['minor'], '1.3.0'],
    ['1.2.3', [], '1.2.3'],
  ])('of %s with %j is %s', (version, bumps, next) => {
    const changesets = bumps.map((bump) => changeset(bump));
    expect(nextVersion(version, changesets)).toBe(next);
  });

  it('reads names in any quotes, and no bump in the text', () => {
    expect(nextVersion('0.1.0', [changeset('minor', 'regionkit')])).toBe('0.2.0');
    expect(nextVersion('0.1.0', [changeset('patch', '"@regionkit/db-router"')])).toBe('0.1.1');
    expect(nextVersion('0.1.0', ["---\n---\n\n'@regionkit/core': major\n"])).toBe('0.1.0');
  });

  it('refuses what is no plain version', () => {
    expect(() => nextVersion('1.0.0-rc.1', [])).toThrow('1.0.0-rc.1 is no plain version');
  });
});

describe('tarballFaults()', () => {
  const manifest = {
    name: 'one',
    version: '0.1.0',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    bin: { one: './dist/cli.js' },
  };
  const map = (sources: string[]): string => JSON.stringify({ sources, sourcesContent: sources.map(() => 'text') });
  const whole = (): Record<string, string> => ({
    'README.md': '# one',
    LICENSE: 'MIT License',
    'package.json': JSON.stringify(manifest),
    'dist/index.js': "export const socket = '/var/run/postgresql'; // read from /run/secrets/db",
    'dist/index.d.ts': 'export {};',
    'dist/index.js.map': map(['../src/index.ts']),
    'dist/cli.js': '#!/usr/bin/env node',
    'src/testing/index.ts': 'export {};',
  });
  const faults = (change: Record<string, string | undefined>): readonly string[] =>
    tarballFaults(
      manifest,
      Object.entries({ ...whole(), ...change }).flatMap(([path, content]) =>
        content === undefined ? [] : [{ path, content }],
      ),
    );

  it('finds nothing in a whole package', () => {
    expect(faults({})).toEqual([]);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['no license', { LICENSE: undefined }, 'LICENSE is missing'],
    ['no README', { 'README.md': undefined }, 'README.md is missing'],
    [
      'an entry point that was not built',
      { 'dist/index.d.ts': undefined },
      '. leads to ./dist/index.d.ts, which is missing',
    ],
    ['a command that was not built', { 'dist/cli.js': undefined }, 'one leads to ./dist/cli.js, which is missing'],
    ['a test', { 'src/a.test.ts': '' }, 'src/a.test.ts is not for users'],
    ['a folder of tests', { 'test/helper.ts': '' }, 'test/helper.ts is not for users'],
    ['a file of secrets', { '.env': '' }, '.env is not for users'],
    [
      'a path of the machine',
      { 'dist/index.js': "import '/home/ada/src/regionkit/index.js'" },
      'dist/index.js names a path of a machine: /home/ada/src/regionkit/index.js',
    ],
    [
      'an absolute source',
      { 'dist/index.js.map': map(['/src/index.ts']) },
      'dist/index.js.map has an absolute source: /src/index.ts',
    ],
    [
      'sources that a debugger cannot show',
      { 'dist/index.js.map': JSON.stringify({ sources: ['../src/index.ts'] }) },
      'dist/index.js.map has sources without their text',
    ],
    [
      'a version that only the workspace knows',
      { 'package.json': '{"dependencies":{"@regionkit/core":"workspace:*"}}' },
      'package.json asks for the workspace',
    ],
  ])('finds %s', (_, change, fault) => {
    expect(faults(change)).toEqual([fault]);
  });
});

describe('publishPlan()', () => {
  const tarball = (name: string, needs: object = {}, version = '0.1.0'): Tarball => ({
    file: `/tarballs/${name}.tgz`,
    manifest: { name, version, ...needs },
    integrity: `sha512-${name}`,
  });
  // In no order, and with a dependency of each sort.
  const tarballs = [
    tarball('all', { dependencies: { session: '0.1.0', ops: '0.1.0', pg: '8.23.1' } }),
    tarball('ops', { dependencies: { core: '0.1.0' }, peerDependencies: { router: '0.x' } }),
    tarball('router', { dependencies: { core: '0.1.0' } }),
    tarball('core'),
    tarball('session', { dependencies: { core: '0.1.0' } }),
  ];
  const expected = tarballs.map(({ manifest }) => manifest);
  const plan = (published: readonly string[], integrity = (name: string) => `sha512-${name}`): readonly string[] =>
    publishPlan(tarballs, expected, new Map(published.map((name) => [name, integrity(name)]))).map(
      ({ manifest }) => manifest.name,
    );

  it('publishes each package after those it depends on', () => {
    expect(plan([])).toEqual(['core', 'router', 'ops', 'session', 'all']);
  });

  it('leaves out what is there, wherever the release stopped', () => {
    expect(plan(['core', 'router', 'ops'])).toEqual(['session', 'all']);
    expect(plan(['core', 'session'])).toEqual(['router', 'ops', 'all']);
    expect(plan(['core', 'router', 'ops', 'session', 'all'])).toEqual([]);
  });

  it('refuses a version that the registry has with other content, and names it', () => {
    expect(() => plan(['core', 'session'], (name) => (name === 'core' ? 'sha512-other' : `sha512-${name}`))).toThrow(
      'The registry has core 0.1.0 with other content, and a version never changes. Nothing was published now.',
    );
  });

  it.each<[string, readonly Tarball[]]>([
    ['a tarball is missing', tarballs.slice(1)],
    ['there is one more', [...tarballs, tarball('left-over')]],
    ['a tarball has another version', [...tarballs.slice(1), tarball('all', {}, '0.2.0')]],
    ['a tarball has another name', [...tarballs.slice(1), tarball('elsewhere')]],
    ['one is there twice', [...tarballs.slice(1), tarball('core')]],
  ])('refuses the tarballs if %s', (_, got) => {
    expect(() => publishPlan(got, expected, new Map())).toThrow(
      /^The workspace has all 0\.1\.0, .* and the tarballs are /,
    );
  });

  // npm takes each entry of publishConfig as one of its own settings: a proxy, whether certificates are checked, a tag.
  it('refuses a tarball that brings settings of npm which the workspace does not have', () => {
    const publishConfig = { access: 'public', 'https-proxy': 'http://elsewhere.example.com' };
    const got = [...tarballs.slice(1), tarball('all', { ...tarballs[0]?.manifest, publishConfig })];
    expect(() => publishPlan(got, expected, new Map())).toThrow(
      'The tarballs of all 0.1.0 have another publishConfig than the workspace',
    );
  });
});

describe('publishTarballs()', () => {
  const manifest = { name: 'regionkit', version: '0.1.0' };

  async function publish(...paths: readonly string[]): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'regionkit-tarballs-'));
    try {
      for (const [name, content] of [
        ['package', manifest],
        ['zzz', { ...manifest, publishConfig: { 'https-proxy': 'http://elsewhere.example.com' } }],
      ] as const) {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'package.json'), JSON.stringify(content));
      }
      execFileSync('tar', ['-czf', 'one.tgz', ...paths], { cwd: folder });
      return await publishTarballs({ folder, expected: [manifest], registry: 'http://127.0.0.1:1/' }).then(
        () => 'published',
        ({ message }: Error) => message,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  // npm takes the last one that it finds, whatever the first folder of its path is.
  it.each([
    ['package/package.json', 'zzz/package.json'],
    ['package/package.json', './package/package.json'],
    ['package/package.json', 'package/../zzz/package.json'],
    ['package/package.json', 'package/package.json'],
    ['zzz/package.json'],
  ])('refuses a tarball in which npm may find another manifest: %s %s', async (...paths) => {
    expect(await publish(...paths.filter((path) => path !== undefined))).toMatch(
      /one\.tgz is no tarball as npm packs it/,
    );
  });

  it('takes a tarball with and without its folder', async () => {
    expect(await publish('package')).toBe('fetch failed');
    expect(await publish('package/package.json')).toBe('fetch failed');
  });
});

describe('tenLinesOf()', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

  it('takes the app of the README, with the addresses of this machine', () => {
    const app = tenLinesOf(readme);
    expect(app).toContain("import { createRegionKit } from 'regionkit'");
    expect(app).toContain("'us-east-1': process.env.US_ORIGIN");
    expect(app).not.toContain('example.com');
  });

  it('refuses a README that shows another app', () => {
    expect(() => tenLinesOf(readme.replace('listen(3000)', 'listen(port)'))).toThrow('does not show listen(3000) once');
  });
});

describe('settingsFor()', () => {
  it('sends the scope to the registry on this machine, where the global settings name another one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'regionkit-settings-'));
    try {
      const [user, global] = [join(folder, 'user'), join(folder, 'global')];
      writeFileSync(user, settingsFor('http://127.0.0.1:4873/', 'secret'));
      writeFileSync(global, '@regionkit:registry=https://elsewhere.example.com/\n');
      // A package manager that runs this test hands its own registry down, and that would win over both files.
      const own = Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name));
      const env = { ...Object.fromEntries(own), NPM_CONFIG_USERCONFIG: user, NPM_CONFIG_GLOBALCONFIG: global };
      const settings = execFileSync('npm', ['config', 'get', '@regionkit:registry', 'registry'], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      expect(settings.trim().split('\n')).toEqual([
        '@regionkit:registry=http://127.0.0.1:4873/',
        'registry=http://127.0.0.1:4873/',
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
