/** The pages of the repository that the site shows. */
const SHOWN = [
  /^[A-Z]+\.md$/,
  /^(?:docs|runbooks|infra)\/.*\.md$/,
  /^packages\/[^/]+\/[A-Z-]+\.md$/,
  /^(?:bench|examples(?:\/[^/]+)?)\/README\.md$/,
];
const NOT_SHOWN = /(?:^|\/)(?:CHANGELOG|AGENTS|CLAUDE)\.md$/;

export function isPage(file: string): boolean {
  return !NOT_SHOWN.test(file) && SHOWN.some((shown) => shown.test(file));
}

/** Pictures that pages refer to. */
export function isPicture(file: string): boolean {
  return /^(?:docs|packages|runbooks|infra|examples)\/.*\.(?:svg|png|jpe?g|gif|webp)$/.test(file);
}

/** Where the site has a file of the repository: `docs/guide.md` is `guide.md`, and a `README.md` is its folder's index. */
export function routeOf(file: string): string {
  const path = file.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
  return path.endsWith('.md') ? path.toLowerCase() : path;
}
