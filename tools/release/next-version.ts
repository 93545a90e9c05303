const BUMPS = ['patch', 'minor', 'major'] as const;

/**
 * The version that changesets ask for: the largest of their bumps, for all packages have one version. Without changesets
 * it is the version that is there, which is then about to be published.
 *
 * @throws {Error} `version` is no plain version
 */
export function nextVersion(version: string, changesets: readonly string[]): string {
  const [, ...parts] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? [];
  if (parts.length === 0) throw new Error(`${version} is no plain version`);
  const [major = 0, minor = 0, patch = 0] = parts.map(Number);
  const asked = changesets.flatMap((changeset) => [
    ...(changeset.split('---')[1] ?? '').matchAll(/^["']?(?:@regionkit\/)?[\w-]+["']?: (patch|minor|major)$/gm),
  ]);
  switch (Math.max(-1, ...asked.map(([, bump]) => BUMPS.indexOf(bump as (typeof BUMPS)[number])))) {
    case 2:
      return `${major + 1}.0.0`;
    case 1:
      return `${major}.${minor + 1}.0`;
    case 0:
      return `${major}.${minor}.${patch + 1}`;
    default:
      return version;
  }
}
