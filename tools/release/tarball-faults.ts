import type { Manifest } from './copy-release.ts';

/** A file of a tarball, by its path in the package. */
export interface PackedFile {
  readonly path: string;
  readonly content: string;
}

/** What a package must not show: where it was built. */
const MACHINE_PATH = /(?:file:\/\/)?\/(?:home|Users|root|work|tmp|private|runner|builds)\/[\w.@-]+\/[\w.@/-]+/;
const LINK_TO_WORKSPACE = /"(?:workspace|catalog|link|file):/;
const NOT_FOR_USERS =
  /(?:^|\/)(?:test|tests|node_modules|coverage)\/|\.(?:test|int\.test|test-d|contract)\.[cm]?[jt]s$|tsbuildinfo$|(?:^|\/)\.env/;

/** Everything that is wrong with what a package is about to publish. Pure: one line for each fault. */
export function tarballFaults(manifest: Manifest, files: readonly PackedFile[]): readonly string[] {
  const paths = new Set(files.map(({ path }) => path));
  const faults = ['README.md', 'LICENSE', 'package.json']
    .filter((path) => !paths.has(path))
    .map((path) => `${path} is missing`);
  for (const { path, content } of files) {
    if (NOT_FOR_USERS.test(path)) faults.push(`${path} is not for users`);
    const [machinePath] = MACHINE_PATH.exec(content) ?? [];
    if (path.startsWith('dist/') && machinePath !== undefined)
      faults.push(`${path} names a path of a machine: ${machinePath}`);
    if (path === 'package.json' && LINK_TO_WORKSPACE.test(content)) faults.push('package.json asks for the workspace');
  }
  const targets = Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
    (typeof target === 'string' ? [target] : Object.values(target)).map((file) => [entry, file] as const),
  );
  for (const [entry, file] of [...targets, ...Object.entries(manifest.bin ?? {})]) {
    if (!paths.has(file.replace(/^\.\//, ''))) faults.push(`${entry} leads to ${file}, which is missing`);
  }
  for (const { path, content } of files.filter((one) => one.path.endsWith('.map'))) {
    const { sources, sourcesContent } = JSON.parse(content) as { sources: string[]; sourcesContent?: unknown[] };
    const outside = sources.filter((source) => /^(?:\/|[a-z]+:)/.test(source));
    if (outside.length > 0) faults.push(`${path} has an absolute source: ${outside[0]}`);
    if (sourcesContent?.length !== sources.length) faults.push(`${path} has sources without their text`);
  }
  return faults;
}
