import type { Manifest } from './copy-release.ts';

export interface Tarball {
  readonly file: string;
  readonly manifest: Manifest;
  /** The hash by which the registry knows these bytes. */
  readonly integrity: string;
}

/**
 * The tarballs that are left to publish, each after those it depends on: where a release stops half-way, what is there can
 * be installed. Pure.
 *
 * @param expected the packages of the workspace
 * @param published the integrity of each package that the registry has in this version, by its name
 * @throws {Error} the tarballs are not those of the workspace, or bring settings of npm, or the registry has other content: a version
 * never changes
 */
export function publishPlan(
  tarballs: readonly Tarball[],
  expected: readonly Manifest[],
  published: ReadonlyMap<string, string>,
): readonly Tarball[] {
  const wanted = expected.map(idOf).sort();
  const got = tarballs.map(({ manifest }) => idOf(manifest)).sort();
  if (wanted.join() !== got.join()) {
    throw new Error(`The workspace has ${wanted.join(', ')}, and the tarballs are ${got.join(', ')}.`);
  }
  const settings = settingsOf(expected);
  const strange = tarballs.filter(
    ({ manifest }) => settings.get(manifest.name) !== settingsOf([manifest]).get(manifest.name),
  );
  if (strange.length > 0) {
    const names = strange.map(({ manifest }) => idOf(manifest)).join(', ');
    throw new Error(`The tarballs of ${names} have another publishConfig than the workspace. Nothing was published.`);
  }
  const differ = tarballs.filter(
    ({ manifest, integrity }) => (published.get(manifest.name) ?? integrity) !== integrity,
  );
  if (differ.length > 0) {
    const names = differ.map(({ manifest }) => idOf(manifest)).join(', ');
    throw new Error(
      `The registry has ${names} with other content, and a version never changes. Nothing was published now. ` +
        'Publish the tarballs of the run that began this release, or raise the version.',
    );
  }
  return inOrder(tarballs).filter(({ manifest }) => !published.has(manifest.name));
}

function inOrder(tarballs: readonly Tarball[]): readonly Tarball[] {
  const byName = new Map(tarballs.map((tarball) => [tarball.manifest.name, tarball]));
  const order = new Set<Tarball>();
  const add = (tarball: Tarball): void => {
    const { dependencies, peerDependencies } = tarball.manifest;
    byName.delete(tarball.manifest.name);
    for (const name of Object.keys({ ...dependencies, ...peerDependencies }).sort()) {
      const needed = byName.get(name);
      if (needed !== undefined) add(needed);
    }
    order.add(tarball);
  };
  for (const name of [...byName.keys()].sort()) {
    const tarball = byName.get(name);
    if (tarball !== undefined) add(tarball);
  }
  return [...order];
}

/** npm takes each entry of `publishConfig` as a setting of its own, such as a proxy. */
const settingsOf = (manifests: readonly Manifest[]): ReadonlyMap<string, string> =>
  new Map(
    manifests.map(({ name, publishConfig = {} }) => [name, JSON.stringify(Object.entries(publishConfig).sort())]),
  );

const idOf = ({ name, version }: Manifest): string => `${name} ${version}`;
