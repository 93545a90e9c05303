import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: { readonly type: string; readonly url: string; readonly directory?: string };
  readonly bugs?: { readonly url: string };
  readonly engines?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const read = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as T;
const root = read<Manifest>('package.json');
const folders = readdirSync(join(ROOT, 'packages'));
const packages = folders.map((folder) => ({ folder, manifest: read<Manifest>('packages', folder, 'package.json') }));
/** The address, as the root names it. */
const address = root.repository?.url.replace(/^git\+/, '').replace(/\.git$/, '') ?? '';

describe('the manifests of the packages', () => {
  it('are found, and the root names the address', () => {
    expect(folders.length).toBeGreaterThanOrEqual(10);
    expect(address).toMatch(/^https:\/\/[^/]+\/[^/]+\/[^/]+$/);
    expect(root.bugs).toEqual({ url: `${address}/issues` });
    expect(root.homepage).toBe(`${address}#readme`);
  });

  it.each(packages)('$manifest.name has the address, the license and the Node of the root', ({ folder, manifest }) => {
    const { name, description, license, homepage, repository, bugs, engines, publishConfig } = manifest;
    expect(name === 'regionkit' ? name : name.replace('@regionkit/', '')).toBe(folder);
    expect(description).toMatch(/\.$/);
    expect(manifest.private).toBeUndefined();
    expect({ license, homepage, repository, bugs, engines, publishConfig }).toEqual({
      license: root.license,
      // npm resolves the relative links of a README by `directory`.
      repository: { ...root.repository, directory: `packages/${folder}` },
      homepage: `${address}/tree/main/packages/${folder}#readme`,
      bugs: root.bugs,
      engines: root.engines,
      publishConfig: { access: 'public', provenance: true },
    });
  });

  /** An optional peer whose other versions would be wrong without an error. */
  const BOUND = ['@aws-sdk/', '@nestjs/', '@regionkit/'];

  it('refuse no app for the version of a library that it may not use with them', () => {
    const optional = packages.flatMap(({ manifest: { name, peerDependencies = {}, peerDependenciesMeta = {} } }) =>
      Object.entries(peerDependencies)
        .filter(([peer]) => peerDependenciesMeta[peer]?.optional === true)
        .map(([peer, range]) => ({ name, peer, range })),
    );
    const free = optional.filter(({ peer }) => !BOUND.some((scope) => peer.startsWith(scope)));
    expect(free.map(({ peer }) => peer)).toEqual(expect.arrayContaining(['kysely', 'vitest', 'pg-mem', 'hono']));
    expect(free.filter(({ range }) => range !== '*')).toEqual([]);
  });

  it('have one version, by one group of changesets', () => {
    const { fixed, ignore, access } = read<{ fixed: string[][]; ignore: string[]; access: string }>(
      '.changeset/config.json',
    );
    expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1);
    expect(fixed).toEqual([['@regionkit/*', 'regionkit']]);
    expect(access).toBe('public');
    // No published package may be left out.
    expect(ignore.filter((name) => packages.some(({ manifest }) => manifest.name === name))).toEqual([]);
  });
});

describe('a README on the page of npm', () => {
  const pages = folders.map((folder) => [folder, readFileSync(join(ROOT, 'packages', folder, 'README.md'), 'utf8')]);

  it.each(pages)(
    '%s links to pages by relative paths, which npm resolves, and to nothing by a path of a site',
    (_, page) => {
      const targets = [...(page as string).matchAll(/\]\(([^)\s]+)/g)].map(([, target = '']) => target);
      expect(targets.filter((target) => target.startsWith('/') || target.startsWith('file:'))).toEqual([]);
      // `page-paths.test.ts` checks where a relative link leads, and cannot follow an address.
      expect(targets.filter((target) => target.startsWith(`${address}/`))).toEqual([]);
    },
  );

  it.each(pages)('%s has no relative picture: npm shows one by its full address alone', (_, page) => {
    const pictures = [...(page as string).matchAll(/!\[[^\]]*\]\(([^)\s]+)|(?:src|srcset)="([^"]+)"/g)];
    expect(
      pictures.map(([, inText, inTag]) => inText ?? inTag ?? '').filter((url) => !url.startsWith('https://')),
    ).toEqual([]);
  });
});
